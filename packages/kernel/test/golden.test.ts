/**
 * Golden bytes: what the kernel decides and writes today, and what it decided at each flag, which it must decide for ever.
 *
 * To write them anew after a change on purpose: TOKA_WRITE_GOLDEN=1 vitest run packages/kernel/test/golden.test.ts
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  applyEntry,
  decideWith,
  decodeEntry,
  emptyState,
  encodeEntry,
  encodeState,
  operationTypes,
} from "../src/index.ts";
import { tally } from "./tally.ts";
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

const frozen = new URL("golden/frozen/", import.meta.url);
const logs = readdirSync(frozen).filter((name) => name.endsWith(".json"));

test.each(["../entries.json", ...logs])("golden entries decide again to their own bytes: %s", (name) => {
  const { entries, state: wanted } = JSON.parse(readFileSync(new URL(name, frozen), "utf8")) as Golden;
  const state = emptyState();
  for (const bytes of entries) {
    const entry = decodeEntry(bytes);
    const outcome = outcomeOf(decideWith(state, entry.operation, { stamp: entry.stamp, families: tally }));
    // In present schemas: what was written in older ones is compared with what it reads as.
    expect(encodeEntry({ ...entry, outcome })).toBe(encodeEntry(entry));
    applyEntry(state, entry);
  }
  expect(encodeState(state)).toBe(wanted);
});

test("the golden log accepts every operation, and refuses some", () => {
  const entries = golden.entries.map(decodeEntry);
  const accepted = new Set(entries.flatMap(({ operation, outcome }) => ("events" in outcome ? operation.type : [])));
  expect(operationTypes.filter((type) => !accepted.has(type as never))).toEqual([]);
  expect(entries.some(({ outcome }) => "refusal" in outcome)).toBe(true);
});
