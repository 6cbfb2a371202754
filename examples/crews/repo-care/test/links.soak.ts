/** The link-checker on trees of the size that people really have, and on one that is made to hold it up. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
import { git, put, repository, temporaryFolder } from "./fixture.ts";
import { readJson, resultOf } from "./run-tool.ts";

function found(root: string): FindingsFile {
  const output = join(temporaryFolder(), "out");
  resultOf("link-checker", { root, output });
  return readJson(join(output, "findings/link-checker.json"));
}

test("follows the links of 50,000 pages, each to the page behind it", () => {
  const root = repository();
  const pages = 50_000;
  for (let index = 0; index < pages; index += 1) {
    if (index < 100) mkdirSync(join(root, `d${index}`));
    const next = index + 1;
    const wrong = index % 5000 === 0 ? "[gone](gone.md) [lost](#lost)\n" : "";
    writeFileSync(
      join(root, `d${index % 100}`, `p${index}.md`),
      `# Page ${index}\n\n[next](../d${next % 100}/p${next}.md#page-${next})\n${wrong}`,
    );
  }
  git(root, "add", "--all");
  const { scanned, counts } = found(root);
  expect(scanned).toMatchObject({ listed: pages, files: pages, skipped: 0 });
  // The last page leads to one that is not there.
  expect(counts).toMatchObject({ high: 11, medium: 10, total: 21 });
});

test("is done with pages that are made to hold it up, and accounts for each", () => {
  const root = repository();
  const pieces = [
    "*a_ ",
    "[",
    "]",
    "[a](",
    ">",
    "> - ",
    "a\n=\n",
    "|a",
    "- ",
    "<a/x=",
    "&a",
    "a@b.",
    "[a][b] ",
    "<h1>",
  ];
  pieces.forEach((piece, index) => put(root, `page-${index}.md`, piece.repeat(Math.ceil(1_000_000 / piece.length))));
  put(root, "z.md", "[a](none.md)\n");
  put(root, "ticks.md", Array.from({ length: 1400 }, (_, index) => `e${"`".repeat(index)}`).join(""));
  put(root, "lists.md", Array.from({ length: 1000 }, (_, index) => `${" ".repeat(index)}- a\n`).join(""));
  // Links that lead deep into what is not there, and through each other.
  put(root, "deep.md", Array.from({ length: 15_000 }, (_, index) => `[a](n${index}/${"a/".repeat(40)})\n`).join(""));
  const { scanned, findings, skipped } = found(root);
  expect(scanned.listed).toBe(pieces.length + 4);
  expect(scanned.files + scanned.skipped).toBe(scanned.listed);
  expect(findings).toContainEqual(expect.objectContaining({ path: "z.md", rule: "missing-file" }));
  for (const { reason } of skipped) expect(["too dense", "over the time of all files"]).toContain(reason);
});
