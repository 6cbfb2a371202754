/** The tools on folders of the size that people really have: 50,000 files, and 5,000 commits. */
import { mkdirSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Catalogue } from "../tools/repository/catalogue/catalogue.ts";
import type { History } from "../tools/repository/history/history.ts";
import { commit, git, repository, shell, temporaryFolder } from "./fixture.ts";
import { readJson, resultOf } from "./run-tool.ts";

const filesMade = 50_000;
const commitsMade = 5000;

test("catalogues 50,000 files, half of them untracked, with the counts of git and wc", () => {
  const root = repository();
  for (let index = 0; index < filesMade; index += 1) {
    const folder = join(root, `d${index % 100}`, `e${index % 7}`);
    if (index < 700) mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `f${index}.ts`), `line ${index}\n`.repeat(1 + (index % 5)));
  }
  git(root, "add", "d1*", "d2*", "d3*", "d4*");
  commit(root);
  const output = temporaryFolder();
  resultOf("file-catalogue", { root, output });
  const { totals } = readJson<Catalogue>(join(output, "catalogue.json"));
  expect(totals).toMatchObject({
    entries: filesMade,
    tracked: Number(shell(root, "git ls-files -z | tr -cd '\\0' | wc -c")),
    lines: Number(shell(root, "git ls-files -z -co --exclude-standard | xargs -0 cat | wc -l")),
    bytes: Number(shell(root, "git ls-files -z -co --exclude-standard | xargs -0 cat | wc -c")),
  });
});

test("reads 5,000 commits with the counts of git", () => {
  const root = repository();
  const lines: string[] = [];
  for (let index = 1; index <= commitsMade; index += 1) {
    const content = `${index}\n`.repeat(1 + (index % 20));
    lines.push(
      `commit refs/heads/main`,
      `committer Ada <ada@example.org> ${1_600_000_000 + index * 3600} +0000`,
      "data 1",
      "x",
    );
    lines.push(`M 100644 inline file-${index % 300}.txt`, `data ${content.length}`, content);
  }
  const made = spawnSync("git", ["fast-import", "--quiet"], { cwd: root, input: `${lines.join("\n")}\n` });
  expect(made.status).toBe(0);
  const output = temporaryFolder();
  resultOf("git-history", { root, output });
  const { totals } = readJson<History>(join(output, "history.json"));
  const rows = git(root, "log", "--numstat", "--format=")
    .split("\n")
    .filter((row) => row !== "");
  expect(totals).toMatchObject({
    commits: commitsMade,
    files: 300,
    added: rows.reduce((sum, row) => sum + Number(row.split("\t")[0]), 0),
    deleted: rows.reduce((sum, row) => sum + Number(row.split("\t")[1]), 0),
  });
});
