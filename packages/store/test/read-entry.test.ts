/** The quick reading of an entry's text against the full one: over honest texts, and over texts that somebody changed. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { encodeEntry, type Outcome } from "@toka/kernel";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { QuickReader, readAsked, type Asked } from "../src/verify/read-entry.ts";

const file = fileURLToPath(new URL("golden/history.json", import.meta.url));
const { entries } = JSON.parse(readFileSync(file, "utf8")) as { entries: readonly { readonly bytes: string }[] };
const texts = entries.map(({ bytes }) => bytes);

/** Whether a reading is what verification would go on with: encoded again it gives the text. */
function stands({ operation, stamp }: Asked, text: string): boolean {
  const { position, previous, outcome } = JSON.parse(text) as { position: number; previous: string; outcome: Outcome };
  return encodeEntry({ position, previous, stamp, operation, outcome }) === text;
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
    for (const [index, text] of [...texts, ...texts].entries())
      expect(reader.read(text)).toEqual(readAsked(text, index + 1));
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
        if (asked === undefined || !isJson(text) || !stands(asked, text)) return;
        expect(asked).toEqual(readAsked(text, 1));
      }),
      { numRuns: 3_000 },
    );
  });

  test.each([
    ["a time beyond all time", (text: string) => text.replace(/"timeMs":\d+/u, '"timeMs":9007199254740991')],
    ["a time that is not written as numbers are", (text: string) => text.replace(/"timeMs":(\d+)/u, '"timeMs":$1e0')],
    ["causes that fall", (text: string) => text.replace(/"causes":\[[^\]]*\]/u, '"causes":[3,2]')],
    ["a stamp with another key", (text: string) => text.replace('"causes":', '"more":1,"causes":')],
  ])("does not let %s stand", (_, change) => {
    const text = change(texts[5] ?? "");
    expect(text).not.toBe(texts[5]);
    const asked = new QuickReader().read(text);
    expect(asked !== undefined && stands(asked, text)).toBe(false);
  });
});
