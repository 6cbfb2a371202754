import fc from "fast-check";
import { describe, expect, test } from "vitest";

import { showAsJson, showOnOneLine, showSafely } from "../src/output/plain.ts";

describe("showSafely", () => {
  test.each([
    ["plain text stays", "a line\n\tand another\n", "a line\n\tand another\n"],
    ["letters of every language stay", "naïve 文件 🗂", "naïve 文件 🗂"],
    ["a colour is written out", "\u001b[31mred", "\\x1b[31mred"],
    ["a window title is written out", "\u001b]0;owned\u0007", "\\x1b]0;owned\\x07"],
    ["a one-byte control sequence is written out", "\u009b2J", "\\x9b2J"],
    ["a carriage return cannot hide a line", "safe\revil", "safe\\x0devil"],
    ["a backspace cannot hide a letter", "ab\u0008c", "ab\\x08c"],
    ["a text that runs backwards is written out", "a\u202egnp.exe", "a\\u202egnp.exe"],
    ["isolates are written out", "\u2066x\u2069", "\\u2066x\\u2069"],
  ])("%s", (_name, given, wanted) => {
    expect(showSafely(given)).toBe(wanted);
  });

  test("lets no control character but tab and line feed through when given anything", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        for (const character of showSafely(text)) {
          const code = character.codePointAt(0) ?? 0;
          expect(code >= 0x20 || code === 9 || code === 10).toBe(true);
          expect(code < 0x7f || code > 0x9f).toBe(true);
        }
      }),
    );
  });
});

describe("showOnOneLine", () => {
  test("keeps a name with a line feed on one line", () => {
    expect(showOnOneLine("a\nb\tc")).toBe("a\\nb c");
  });

  test("shortens what is longer than the width and says so", () => {
    expect(showOnOneLine("abcdef", 4)).toBe("abc…");
    expect(showOnOneLine("abcd", 4)).toBe("abcd");
  });
});

test("showAsJson writes what reads back as it was, and shows nothing that showSafely would change", () => {
  fc.assert(
    fc.property(fc.jsonValue({ stringUnit: "binary" }), (value) => {
      const text = showAsJson(value);
      expect(showSafely(text)).toBe(text);
      expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
    }),
  );
  expect(showAsJson({ said: "\u009b2J\u202e" })).toBe(String.raw`{"said":"\u009b2J\u202e"}`);
});
