/** What is read of files that people wrote names the place of what is wrong, and cannot speak to the terminal. */
import { expect, test } from "vitest";
import { arrangeProblems, formatProblem, problemsPerFileMax, SourceFailure } from "../../src/source/problem.ts";
import { suggestion } from "../../src/source/suggest.ts";
import { readYaml } from "../../src/source/yaml-source.ts";

const known = ["name", "priority", "max_memory"];

test.each([
  ["prioirty", '; did you mean "priority"?'],
  ["max-memory", '; did you mean "max_memory"?'],
  ["NAME", '; did you mean "name"?'],
  ["zzz", "; known: name, priority, max_memory"],
  ["x".repeat(10_000), "; known: name, priority, max_memory"],
])("suggestion offers the word that was meant, or all when none is near: %s", (word, wanted) => {
  expect(suggestion(word, known)).toBe(wanted);
});

test("suggestion says nothing when no word is near and there are many", () => {
  expect(
    suggestion(
      "zzz",
      Array.from({ length: 13 }, (_, index) => `longer-word-${index}`),
    ),
  ).toBe("");
});

test("a problem shows no control character when its file or its text holds one", () => {
  const problem = { at: { file: "a\u001b[2J.yaml", line: 3, column: 1 }, message: "Cannot read \u009b" };
  expect(formatProblem(problem)).toBe(String.raw`a\u{1b}[2J.yaml:3:1: Cannot read \u{9b}`);
  expect(new SourceFailure("the file", [problem]).message).not.toMatch(/[\u001b\u009b]/u);
});

test("problems are arranged by line, and those beyond the bound of a file are counted", () => {
  const many = Array.from({ length: problemsPerFileMax + 3 }, (_, index) => ({
    at: { file: "a.yaml", line: problemsPerFileMax + 3 - index, column: 1 },
    message: "Cannot",
  }));
  const arranged = arrangeProblems(many);
  expect(arranged[0]?.at.line).toBe(1);
  expect(arranged).toHaveLength(problemsPerFileMax + 1);
  expect(arranged.at(-1)?.message).toBe("Cannot list every problem: 3 more in this file");
});

test.each([
  ["brackets at the bound", `${"[".repeat(32)}${"]".repeat(32)}`, []],
  [
    "one more",
    `${"[".repeat(33)}${"]".repeat(33)}`,
    ["a.yaml:1:33: Cannot read the file: brackets are nested more than 32 deep"],
  ],
])("reader takes no deeper nesting than its bound: %s", (_case, text, wanted) => {
  expect(readYaml(Buffer.from(text), { file: "a.yaml" }).problems.map(formatProblem)).toEqual(wanted);
});
