/** The engine that runs bundles: what it gives, and what a bundle cannot do in it. */
import { beforeAll, describe, expect, test } from "vitest";
import { FamilyEngine } from "../../src/families/engine.ts";
import { callingOf, counting, tallyOf } from "./bundles.ts";

let engine: FamilyEngine;
beforeAll(async () => {
  engine = await FamilyEngine.load();
});

const added = (value: string): unknown => ({
  events: [{ name: "added", body: '{"by":2,"name":"a"}', writes: [{ key: "a", value }] }],
});

test("a bundle decides from its rows and what it is asked", () => {
  expect(engine.answer(counting, callingOf())).toEqual(added("2"));
  expect(engine.answer(counting, callingOf({}, { a: "40" }))).toEqual(added("42"));
  expect(engine.answer(counting, callingOf({ verb: "take" }))).toMatchObject({ failed: "verb" });
  expect(engine.answer(counting, callingOf({ body: '{"by":0,"name":"a"}' }))).toMatchObject({ failed: "body" });
  expect(engine.answer(counting, callingOf({ version: 2 }))).toMatchObject({ failed: "threw" });
  expect(engine.describe(counting)).toMatchObject({ prefix: "tally", version: 1 });
});

describe("a bundle", () => {
  const calls = tallyOf("kept.calls += 1; return { events: [{ type: 'added', name: 'a', by: kept.calls }] };");
  test("keeps nothing from one run to the next, also after one that failed", () => {
    const first = engine.answer(calls, callingOf());
    engine.answer(tallyOf("for (;;);"), callingOf());
    engine.answer(tallyOf("const a = []; for (;;) a.push({ a });"), callingOf());
    expect(engine.answer(calls, callingOf())).toEqual(first);
  });

  // What each does, and the beginning of what comes of it.
  const attacks: readonly (readonly [string, string, object])[] = [
    ["reads the clock", "return Date.now();", { failed: "threw" }],
    ["reads the clock by another name", "return new globalThis.Date();", { failed: "threw" }],
    ["draws by chance", "return Math.random();", { failed: "threw" }],
    ["makes code", "return (() => {}).constructor('return 1')();", { failed: "threw" }],
    ["makes code of an async function", "return (async () => {}).constructor('return 1')();", { failed: "threw" }],
    ["makes code by eval", "return (0, eval)('1');", { failed: "threw" }],
    ["asks for the host", "return process.env;", { failed: "threw" }],
    ["imports", "return import('node:fs');", { failed: "threw" }],
    ["changes what it was given", "body.by = 9; return { events: [] };", { failed: "threw" }],
    ["changes what everybody uses", "Array.prototype.map = () => []; return 1;", { failed: "threw" }],
    ["changes JSON", "JSON.stringify = () => '{}'; return 1;", { failed: "threw" }],
    ["writes while it decides", "rows.put('a', 1);", { failed: "threw" }],
    ["loops for ever", "for (;;);", { failed: "steps" }],
    ["loops for ever and catches", "for (;;) { try { for (;;); } catch {} }", { failed: "steps" }],
    ["calls itself for ever", "const f = () => f() + 1; return f();", { failed: "memory" }],
    ["takes all memory", "const a = []; for (;;) a.push('x'.repeat(60000) + a.length);", { failed: "memory" }],
    [
      "loops where no step is counted",
      "return Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1);",
      { failed: "threw" },
    ],
    ["compares long texts", "const a = 'a'.repeat(90000); return a.indexOf(a.slice(1) + 'b');", { failed: "threw" }],
    ["parses deep", "return JSON.parse('['.repeat(90000));", { failed: "memory" }],
    ["gives a fraction", "return { events: [{ type: 'added', name: 'a', by: 0.5 }] };", { failed: "threw" }],
    ["gives no number", "return { events: [{ type: 'added', name: 'a', by: NaN }] };", { failed: "threw" }],
    ["gives nothing", "return undefined;", { failed: "threw" }],
    ["says what it has not declared", "return { events: [{ type: 'taken' }] };", { failed: "threw" }],
    ["throws what is no error", "throw null;", { failed: "threw" }],
    ["throws what lies", "throw { get name() { for (;;); } };", { failed: "threw" }],
  ];
  test.each(attacks)("that %s comes to nothing", (_what, decide, wanted) => {
    const once = engine.answer(tallyOf(decide), callingOf());
    expect(once).toMatchObject(wanted);
    expect(engine.answer(tallyOf(decide), callingOf())).toEqual(once);
    expect(engine.answer(counting, callingOf())).toEqual(added("2"));
  });

  test("that nests as deep as a bundle can is no more than refused", () => {
    const deep = engine.describe(`const a = ${"[".repeat(100_000)}`);
    expect(deep).toHaveProperty("problem");
    expect(engine.answer(counting, callingOf())).toEqual(added("2"));
  });
});
