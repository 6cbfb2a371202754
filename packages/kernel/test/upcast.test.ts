/** Upcasters: what was written in an older schema reads as its present shape, and what a newer Toka wrote is not read. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { eventSchemas } from "../src/events/schemas.ts";
import { decodeEntry, encodeEntry, Malformed, newestFlag, Newer, parseOperation } from "../src/index.ts";
import { World } from "./world.ts";

const golden = JSON.parse(readFileSync(new URL("golden/frozen/flags-0.json", import.meta.url), "utf8")) as {
  readonly entries: readonly string[];
};
const configured = golden.entries.find((text) => text.includes('"type":"vault.configure"')) ?? "";
const opened = golden.entries[0] ?? "";

/** The bytes of an entry of today, with a part of them replaced. */
function bent(from: string, to: string, text: string = World.open().bytes[0] ?? ""): string {
  expect(text).toContain(from);
  return text.replace(from, to);
}

describe("an entry of older schemas", () => {
  test("reads as its present shape", () => {
    const { operation, outcome } = decodeEntry(configured);
    expect(operation).toEqual({ type: "vault.configure", schema: 2, limits: { toolsMax: 40 }, flags: null });
    expect(outcome).toMatchObject({ events: [{ type: "vault.configured", schema: 2, flags: 0 }] });
    expect(decodeEntry(opened).outcome).toMatchObject({ events: [{ type: "vault.opened", schema: 2, flags: 0 }] });
  });

  test("has one encoding of its own, too", () => {
    const limits = '"limits":{"toolsMax":40}';
    const moved = bent(`"type":"vault.configure",${limits}`, `${limits},"type":"vault.configure"`, configured);
    expect(() => decodeEntry(moved)).toThrow("found another encoding");
    expect(() => decodeEntry(bent(limits, `${limits},"flags":null`, configured))).toThrow("found an unknown key");
    expect(() => decodeEntry(bent(limits, `${limits} `, configured))).toThrow("found another encoding");
  });

  test("is upcast inside a batch", () => {
    const world = World.open();
    world.must({ type: "batch", operations: [{ type: "vault.configure", limits: { toolsMax: 2 } }] });
    const now = world.bytes[1] ?? "";
    const then = bent('"schema":2,"limits":{"toolsMax":2},"flags":null', '"limits":{"toolsMax":2}', now);
    expect(decodeEntry(then)).toEqual(decodeEntry(now));
    expect(() => decodeEntry(bent('"type":"batch"', '"type": "batch"', then))).toThrow("found another encoding");
  });
});

describe("who asks in an older schema", () => {
  test("is understood, alone and in a batch", () => {
    const older = { type: "vault.configure", limits: { toolsMax: 2 } };
    const present = { type: "vault.configure", schema: 2, limits: { toolsMax: 2 }, flags: null };
    expect(parseOperation(older)).toEqual(present);
    expect(parseOperation({ ...older, schema: 1 })).toEqual(present);
    expect(parseOperation({ type: "batch", operations: [older, { type: "vault.resume" }] })).toEqual({
      type: "batch",
      operations: [present, { type: "vault.resume" }],
    });
  });

  test("is told what is wrong with it by its path", () => {
    const wrong = { type: "vault.configure", limits: { toolsMax: "two" } };
    expect(() => parseOperation(wrong)).toThrow(Malformed);
    expect(() => parseOperation({ ...wrong, limits: {}, schema: 0 })).toThrow("schema: found 0");
    expect(() => parseOperation({ type: "batch", operations: "none" })).toThrow(Malformed);
  });
});

describe("what a newer Toka wrote", () => {
  const rows: readonly (readonly [what: string, text: string, says: string])[] = [
    ["a format", bent('"format":1', '"format":2'), "entry.operation.format: found 2, wanted at most 1"],
    [
      "a flag",
      bent(`"flags":${newestFlag}}`, '"flags":99}'),
      `entry.operation.flags: found 99, wanted at most ${newestFlag}`,
    ],
    ["an event's schema", bent('"schema":2', '"schema":3'), "schema: found 3, wanted at most 2 of vault.opened"],
    [
      "an event",
      bent('"type":"vault.opened"', '"type":"vault.cloned"'),
      "found vault.cloned, wanted an event that is known",
    ],
    [
      "an operation's schema",
      bent('"type":"vault.configure"', '"type":"vault.configure","schema":3', configured),
      "found 3, wanted at most 2 of vault.configure",
    ],
    [
      "an operation",
      bent('"type":"vault.configure"', '"type":"vault.clone"', configured),
      "found vault.clone, wanted an operation that is known",
    ],
  ];

  test.each(rows)("is not read, and it is said so: %s", (_, text, says) => {
    expect(() => decodeEntry(text)).toThrow(Newer);
    expect(() => decodeEntry(text)).toThrow(says);
  });
});

test("every event that the golden log has is of its present schema once it is read", () => {
  const found = golden.entries.flatMap((text) => {
    const { outcome } = decodeEntry(text);
    return "events" in outcome ? outcome.events : [];
  });
  for (const { type, schema } of found) expect(schema).toBe(eventSchemas[type]);
  expect(golden.entries.some((text) => encodeEntry(decodeEntry(text)) !== text)).toBe(true);
});
