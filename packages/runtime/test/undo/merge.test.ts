/** Laws of the three-way merge of texts. */
import { diffLines } from "diff";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { mergeTexts } from "../../src/undo/merge.ts";

const options = { seed: 20_261_125, numRuns: 300 };
/** Few different lines, so that repetitions and coincidences abound; the last line may lack its end. */
const text = fc
  .tuple(
    fc.array(fc.constantFrom("a\n", "b\n", "c\n", "\n", "d e\n"), { maxLength: 12 }),
    fc.constantFrom("", "z", "a"),
  )
  .map(([lines, last]) => lines.join("") + last);

describe("merge", () => {
  test("takes the side that changed when the other did not", () => {
    fc.assert(
      fc.property(text, text, (base, side) => {
        expect(mergeTexts({ base, ours: base, theirs: side })).toBe(side);
        expect(mergeTexts({ base, ours: side, theirs: base })).toBe(side);
        expect(mergeTexts({ base, ours: side, theirs: side })).toBe(side);
      }),
      options,
    );
  });

  test("does not depend on which side is which", () => {
    fc.assert(
      fc.property(text, text, text, (base, ours, theirs) => {
        expect(mergeTexts({ base, ours, theirs })).toBe(mergeTexts({ base, ours: theirs, theirs: ours }));
      }),
      options,
    );
  });

  test("makes up no line", () => {
    fc.assert(
      fc.property(text, text, text, (base, ours, theirs) => {
        const merged = mergeTexts({ base, ours, theirs });
        if (merged === undefined) return;
        const known = new Set([base, ours, theirs].flatMap((one) => one.split("\n")));
        expect(merged.split("\n").filter((line) => !known.has(line))).toEqual([]);
      }),
      options,
    );
  });

  test("keeps changes of different lines of both sides", () => {
    const numbered = Array.from({ length: 12 }, (_, index) => `${index}\n`);
    fc.assert(
      fc.property(fc.nat({ max: 3 }), fc.nat({ max: 3 }), text, text, (mine, yours, left, right) => {
        const at = { mine, yours: yours + 6 };
        const edit = (index: number, insert: string): readonly string[] =>
          numbered.map((line, place) => (place === index ? `${insert}\n` : line));
        const both = edit(at.mine, left).map((line, place) => (place === at.yours ? `${right}\n` : line));
        const merged = mergeTexts({
          base: numbered.join(""),
          ours: edit(at.mine, left).join(""),
          theirs: edit(at.yours, right).join(""),
        });
        expect(merged).toBe(both.join(""));
      }),
      options,
    );
  });

  test.each([
    ["the same line is changed on both sides", "a\nb\nc\n", "a\nx\nc\n", "a\ny\nc\n"],
    ["neighbouring lines are changed", "a\nb\nc\n", "a\nx\nc\n", "a\nb\ny\n"],
    ["one side removes what the other changes", "a\nb\nc\n", "a\nc\n", "a\nx\nc\n"],
    ["both insert at one place", "a\nb\n", "a\nx\nb\n", "a\ny\nb\n"],
    ["both add to an end without a line feed", "a\nb", "a\nb\nx", "a\nb\ny"],
  ])("gives up when %s", (_, base, ours, theirs) => {
    expect(mergeTexts({ base, ours, theirs })).toBeUndefined();
  });

  test("gives up on texts that have too little in common, without taking long", () => {
    const big = (word: string): string => Array.from({ length: 50_000 }, (_, index) => `${word} ${index}\n`).join("");
    expect(mergeTexts({ base: big("a"), ours: big("b"), theirs: big("c") })).toBeUndefined();
    // Many equal lines are what slow comparisons choke on.
    const blank = "\n".repeat(200_000);
    const merged = mergeTexts({ base: blank, ours: `x\n${blank}`, theirs: `${blank}y\n` });
    expect(
      diffLines(blank, merged ?? "")
        .filter(({ added }) => added)
        .map(({ value }) => value),
    ).toEqual(["x\n", "y\n"]);
  });
});
