/** The stored baseline: what is written is read again, and what is none is refused. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readBaseline, rowsIn, writeBaseline } from "./baseline.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-baseline-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("a baseline reads back what was written when it is stored", () => {
  const path = join(dir, "whole.json");
  const figures = new Map([["kernel: decide", { better: "more" as const, runs: [[0.5, 0.25], [0.125]] }]]);
  const taken = new Map([["kernel", "a machine"]]);
  writeBaseline(path, { taken, figures });
  expect(readBaseline(path)).toEqual({ taken, figures });
});

test.each([
  ["no JSON", "{"],
  ["no figures", '{"taken":{}}'],
  ["a figure without runs", '{"taken":{},"figures":{"a: b":{"better":"more","runs":[]}}}'],
  ["a run without samples", '{"taken":{},"figures":{"a: b":{"better":"more","runs":[[]]}}}'],
  ["a sample of zero", '{"taken":{},"figures":{"a: b":{"better":"more","runs":[[0]]}}}'],
  ["another direction", '{"taken":{},"figures":{"a: b":{"better":"up","runs":[[1]]}}}'],
])("a baseline is refused when it has %s", (_name, text) => {
  const path = join(dir, "broken.json");
  writeFileSync(path, text);
  expect(() => readBaseline(path)).toThrow(`Cannot compare with ${path}: `);
});

test("rows are refused when a benchmark hands on none, or a sample that is no number", () => {
  expect(() => rowsIn("[]")).toThrow("Cannot read rows: there are none");
  expect(() => rowsIn('[{"name":"a","better":"more","samples":[null]}]')).toThrow('Cannot read the row "a"');
  expect(rowsIn('[{"name":"a","better":"less","samples":[1]}]')).toEqual([{ name: "a", better: "less", samples: [1] }]);
});

test("every benchmark hands on its rows: one that hands on none cannot be compared", () => {
  const folder = join(import.meta.dirname, "..");
  const benchmarks = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  expect(benchmarks).toContain("kernel.ts");
  for (const file of benchmarks) expect(readFileSync(join(folder, file), "utf8"), file).toContain("handOn(");
});
