/**
 * Precision and recall of the checking tools on their labelled trees, printed and compared with the guide. The labels were
 * written before the tools; a tool that gets better or worse changes the guide.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { temporaryFolder } from "./fixture.ts";
import { figuresInGuide } from "./measure/guide.ts";
import { labelledFiles, labelledTools, labelledTree, labelsOf } from "./measure/labelled-tree.ts";
import { type Label, scoreOf, scoreText } from "./measure/score.ts";
import { crewFolder, readJson, resultOf } from "./run-tool.ts";

/** Runs a tool over its labelled tree. */
function findingsOn(tool: string): FindingsFile {
  const root = labelledTree(tool);
  const output = join(temporaryFolder(), "out");
  resultOf(tool, { ...labelsOf(tool).arguments, root, output });
  return readJson(join(output, "findings", `${tool}.json`));
}

describe("labels", () => {
  test.each(readdirSync(join(crewFolder, "fixtures")))(
    "of %s name lines that are there, hard negatives among them",
    (tool) => {
      const files = labelledFiles(tool);
      const { labels } = labelsOf(tool);
      for (const { path, line } of labels) {
        const lines = files.get(path)?.split("\n") ?? [];
        expect(line <= lines.length && (line === 0 || lines[line - 1]?.trim() !== ""), `${path}:${line}`).toBe(true);
      }
      expect(labels.filter((label) => "negative" in label).length).toBeGreaterThan(labels.length / 5);
    },
  );
});

// A tree may come before its tool.
test.each(labelledTools())("%s finds what the guide says, with the misses and false alarms that it says", (tool) => {
  const file = findingsOn(tool);
  expect(file.truncated).toBe(false);
  const text = scoreText(scoreOf(labelsOf(tool).labels, file.findings));
  process.stdout.write(`${tool}\n${text}\n`);
  expect(figuresInGuide(tool, text)).toBe(text);
});

describe("a score", () => {
  const label = { path: "a", line: 1, rule: "one" };
  const negative: Label = { path: "a", line: 2, negative: "only looks like it" };
  test.each([
    ["all found", [label], [label], { hits: 1, misses: [], falseAlarms: [] }],
    ["missed", [label], [], { hits: 0, misses: [label], falseAlarms: [] }],
    ["another rule on the line", [label], [{ ...label, rule: "two" }], { hits: 0, misses: [label] }],
    ["found twice", [label], [label, label], { hits: 1, misses: [], falseAlarms: [label] }],
    ["labelled twice, found once", [label, label], [label], { hits: 1, misses: [label], falseAlarms: [] }],
    [
      "a hard negative reported",
      [negative],
      [{ ...label, line: 2 }],
      { labels: 0, negatives: 1, falseAlarms: [{ ...label, line: 2 }] },
    ],
  ])("counts what is %s", (_, labels, reported, wanted) => {
    expect(scoreOf(labels, reported)).toMatchObject(wanted);
  });

  test("has every label as hit or miss and every finding as hit or false alarm", () => {
    const place = fc.record({ path: fc.constantFrom("a", "b"), line: fc.nat(2), rule: fc.constantFrom("x", "y") });
    fc.assert(
      fc.property(fc.array(place), fc.array(place), (labels, reported) => {
        const score = scoreOf(labels, reported);
        expect(score.hits + score.misses.length).toBe(labels.length);
        expect(score.hits + score.falseAlarms.length).toBe(reported.length);
      }),
    );
  });

  test("is written with its rates and each miss and false alarm", () => {
    const other = { path: "b", line: 3, rule: "two" };
    expect(scoreText(scoreOf([label, other, negative], [label, { ...label, line: 2 }]))).toBe(
      [
        "| labels | hard negatives | found | missed | false alarms | precision | recall |",
        "|---:|---:|---:|---:|---:|---:|---:|",
        "| 2 | 1 | 1 | 1 | 1 | 50.0 % | 50.0 % |",
        "",
        "- missed: `b:3` two",
        "- false alarm: `a:2` one",
      ].join("\n"),
    );
  });
});
