/**
 * Golden bytes: what the kernel decided and wrote when the format was made, and must decide and write for ever.
 *
 * To write them anew after a change on purpose: TOKA_WRITE_GOLDEN=1 vitest run packages/kernel/test/golden.test.ts
 */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { applyEntry, decide, decodeEntry, emptyState, encodeEntry, encodeState, operationTypes } from "../src/index.ts";
import { tour } from "./tour.ts";
import { outcomeOf } from "./world.ts";

const path = new URL("golden/entries.json", import.meta.url);

interface Golden {
  /** The bytes of each entry, in order of position. */
  readonly entries: readonly string[];
  /** The state after the last one. */
  readonly state: string;
}

if (process.env["TOKA_WRITE_GOLDEN"] === "1") {
  const world = tour();
  writeFileSync(path, `${JSON.stringify({ entries: world.bytes, state: encodeState(world.state) }, null, 2)}\n`);
}

const golden = JSON.parse(readFileSync(path, "utf8")) as Golden;

test("the same operations give the golden bytes, entry by entry, and the golden state", () => {
  const world = tour();
  expect(world.bytes).toEqual(golden.entries);
  expect(encodeState(world.state)).toBe(golden.state);
});

test("the golden entries decide again to their own bytes", () => {
  const state = emptyState();
  for (const bytes of golden.entries) {
    const entry = decodeEntry(bytes);
    const outcome = outcomeOf(decide(state, entry.operation, entry.stamp));
    expect(encodeEntry({ ...entry, outcome })).toBe(bytes);
    applyEntry(state, entry);
  }
  expect(encodeState(state)).toBe(golden.state);
});

test("the golden log accepts every operation, and refuses some", () => {
  const entries = golden.entries.map(decodeEntry);
  const accepted = new Set(entries.flatMap(({ operation, outcome }) => ("events" in outcome ? operation.type : [])));
  expect(operationTypes.filter((type) => !accepted.has(type as never))).toEqual([]);
  expect(entries.some(({ outcome }) => "refusal" in outcome)).toBe(true);
});
