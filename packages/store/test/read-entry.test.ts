/** The quick reading of an entry's text against the full one: over honest texts, and over texts that somebody changed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { decodeEntry, encodeEntry, type Outcome } from "@toka/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { contentsOf } from "../src/contents.ts";
import { contentsIn } from "../src/verify/asked-text.ts";
import { isTextOf, QuickReader, readAsked, type Asked, type QuickAsked } from "../src/verify/read-entry.ts";

const file = fileURLToPath(new URL("golden/history.json", import.meta.url));
const { entries } = JSON.parse(readFileSync(file, "utf8")) as { entries: readonly { readonly bytes: string }[] };
const texts = entries.map(({ bytes }) => bytes);

/** Whether a reading is what verification would go on with. That piece by piece it is the text means that as a whole it is. */
function stands(quick: QuickAsked, text: string): boolean {
  const { operation, stamp } = quick;
  const { position, previous, outcome } = JSON.parse(text) as { position: number; previous: string; outcome: Outcome };
  const entry = { position, previous, stamp, operation, outcome };
  const whole = encodeEntry(entry) === text;
  expect(isTextOf(entry, { text, quick })).toBe(whole);
  return whole;
}

function askedOf({ operation, stamp }: QuickAsked): Asked {
  return { operation, stamp };
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

describe("quick reader", () => {
  test("reads every honest text, and as the full reading does", () => {
    const reader = new QuickReader();
    for (const [index, text] of [...texts, ...texts].entries()) {
      const quick = reader.read(text);
      if (quick === undefined) throw new Error(`Cannot read entry ${index + 1} quickly`);
      expect(askedOf(quick)).toEqual(readAsked(text, index + 1));
      expect(stands(quick, text)).toBe(true);
    }
  });

  test("reads nothing that stands and differs from the full reading, whatever is changed in a text", () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '"',
        ",",
        "0",
        "1e3",
        "-1",
        '"outcome":{"',
        ',"outcome":{"events":[',
        '"stamp":{',
        " ",
        "\\u0041",
      ),
      fc.constantFrom(
        '{"timeMs":9007199254740993,',
        '"timeMs":-0,',
        '"grant":null,',
        ',"operation":{"type":"vault.resume"}',
      ),
      fc.string({ maxLength: 3 }),
    );
    const reader = new QuickReader();
    fc.assert(
      fc.property(fc.constantFrom(...texts), fc.nat(), fc.nat(30), piece, (honest, at, length, put) => {
        const from = at % honest.length;
        const text = honest.slice(0, from) + put + honest.slice(from + length);
        const asked = reader.read(text);
        if (asked === undefined) return;
        const entry = { ...decodeEntry(honest), ...askedOf(asked) };
        expect(isTextOf(entry, { text, quick: asked })).toBe(encodeEntry(entry) === text);
        if (!isJson(text) || !stands(asked, text)) return;
        expect(askedOf(asked)).toEqual(readAsked(text, 1));
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["a space", (text: string) => text.replace(',"operation":', ', "operation":')],
    ["a space after a key", (text: string) => text.replace('"operation":{', '"operation": {')],
    ["a space at the end", (text: string) => `${text} `],
    ["an end twice", (text: string) => `${text}}`],
    ["another position", (text: string) => text.replace('{"position":', '{"position":1')],
    ["a position with an exponent", (text: string) => text.replace(/"position":(\d+)/u, '"position":$1e0')],
    ["a position twice", (text: string) => text.replace(/("position":\d+,)/u, "$1$1")],
    ["a time twice", (text: string) => text.replace(/("timeMs":\d+,)/u, "$1$1")],
    ["a time twice in its stamp", (text: string) => text.replace(/("timeMs":\d+)(,"principal":"[^"]+")/u, "$1$2,$1")],
    ["a time with a zero before it", (text: string) => text.replace('"timeMs":', '"timeMs":0')],
    ["a time with a fraction of zero", (text: string) => text.replace(/"timeMs":(\d+)/u, '"timeMs":$1.0')],
    ["a key of the stamp under another name", (text: string) => text.replace('{"timeMs":', '{"timeMS":')],
    ["an escape in the stamp", (text: string) => text.replace('"principal":"p', '"principal":"\\u0070')],
    ["an escape in the operation", (text: string) => text.replace('"type":"', '"\\u0074ype":"')],
    [
      "keys of the stamp in another order",
      (text: string) => text.replace(/("principal":"[^"]+"),("grant":[^,]+)/u, "$2,$1"),
    ],
    ["an operation twice", (text: string) => text.replace(/,"operation":.*(?=,"outcome":)/u, "$&$&")],
    ["an outcome twice", (text: string) => text.replace(/,"outcome":.*(?=\}$)/u, "$&$&")],
    ["something behind the outcome", (text: string) => text.replace(/\}$/u, ',"more":1}')],
    ["a time beyond all time", (text: string) => text.replace(/"timeMs":\d+/u, '"timeMs":9007199254740991')],
    ["a time that is not written as numbers are", (text: string) => text.replace(/"timeMs":(\d+)/u, '"timeMs":$1e0')],
    ["a prototype in the operation", (text: string) => text.replace('"operation":{', '"operation":{"__proto__":{},')],
    [
      "a type twice in the operation",
      (text: string) => text.replace(/"operation":\{("type":"[^"]+",)/u, '"operation":{$1$1'),
    ],
    [
      "half a character in the operation",
      (text: string) => text.replace(/("operation":\{"type":"[^"]+)/u, "$1\\ud800"),
    ],
    ["causes that fall", (text: string) => text.replace(/"causes":\[[^\]]*\]/u, '"causes":[3,2]')],
    ["a stamp with another key", (text: string) => text.replace('"causes":', '"more":1,"causes":')],
  ])("does not let %s stand", (_, change) => {
    const honest = texts[5] ?? "";
    const text = change(honest);
    expect(text).not.toBe(honest);
    // Twice, since a reader remembers ends of stamps; and after an honest text, of which it remembers the right one.
    const reader = new QuickReader();
    for (const quick of [reader.read(text), reader.read(text), reader.read(honest), reader.read(text)].toSpliced(2, 1))
      expect(quick !== undefined && isTextOf({ ...decodeEntry(honest), ...askedOf(quick) }, { text, quick })).toBe(
        false,
      );
  });
});

describe("contents in a text", () => {
  const named = (text: string): readonly unknown[] => contentsOf((JSON.parse(text) as { operation: object }).operation);

  test("are those that the operation names", () => {
    expect(texts.some((text) => named(text).length > 1)).toBe(true);
    for (const text of texts) expect(contentsIn(text)).toEqual(named(text));
  });

  const content = { commitment: `sha256:${"A".repeat(43)}`, size: 7 };
  const textual = JSON.stringify({ result: content });
  test.each([
    ["a text says what a content is written like", { type: "x", note: textual, result: content }],
    ["a text ends like the beginning of one", { type: "x", note: "{", more: { commitment: "{", size: 1 } }],
    ["a key is called like the outcome", { type: "x", outcome: { events: [content] }, result: content }],
    ["a text is written like the outcome", { type: "x", note: ',"outcome":{"', result: content }],
    ["they lie deep", { type: "batch", operations: [{ list: [content, { of: content }] }, { result: content }] }],
  ])("are found right when %s", (_, operation) => {
    const stamp = { timeMs: 1 };
    const outcome = { events: [{ type: "y", result: content }] };
    const text = JSON.stringify({ position: 1, previous: "sha256:", stamp, operation, outcome });
    expect(contentsIn(text)).toEqual(named(text));
  });
});
