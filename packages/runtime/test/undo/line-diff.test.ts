/** Hunks that patch(1) would take. */
import fc from "fast-check";
import { applyPatch } from "diff";
import { expect, test } from "vitest";
import { hunksOfDiff } from "../../src/undo/line-diff.ts";

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

test("hunks turn the one text into the other", () => {
  const text = fc
    .tuple(fc.array(fc.constantFrom("a\n", "b\n", "\n", "ü\r\n"), { maxLength: 30 }), fc.constantFrom("", "z"))
    .map(([lines, last]) => lines.join("") + last);
  fc.assert(
    fc.property(text, text, (before, after) => {
      const hunks = hunksOfDiff(bytes(before), bytes(after)) ?? "";
      if (before !== after)
        expect(applyPatch(before, `--- a\n+++ b\n${hunks}`, { autoConvertLineEndings: false })).toBe(after);
    }),
    { seed: 20_261_125, numRuns: 300 },
  );
});

test.each([
  ["bytes that are no text", new Uint8Array([0]), bytes("a")],
  ["bytes that are not UTF-8", bytes("a"), new Uint8Array([0xff])],
  ["a text of more than a mebibyte", bytes("a\n".repeat(600_000)), undefined],
  ["texts that have nothing in common", bytes("a\n".repeat(3000)), bytes("b\n".repeat(3000))],
])("hunks are left out for %s", (_, before, after) => {
  expect(hunksOfDiff(before, after)).toBeUndefined();
});
