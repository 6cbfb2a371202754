/** The tools on folders of the size that people really have: 50,000 files, and 5,000 commits. */
import { mkdirSync, writeFileSync } from "node:fs";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Catalogue } from "../tools/repository/catalogue/catalogue.ts";
import type { FindingsFile } from "../tools/repository/findings/findings.ts";
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

test("compares what 10,000 packages say with what is there, and asks 40,000 files what they need", () => {
  const root = repository();
  // Of five files one is a manifest that names the next one, and a file that is not there.
  for (let index = 0; index < filesMade; index += 5) {
    const folder = join(root, `d${index % 100}`, `p${index}`);
    mkdirSync(folder, { recursive: true });
    const manifest = { name: `p${index}`, main: `f${index + 1}.js`, bin: "gone.js" };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    for (let file = index + 1; file < index + 5; file += 1)
      writeFileSync(join(folder, `f${file}.js`), `process.env.SETTING_${file % 1000};\n`);
  }
  commit(root);
  const output = temporaryFolder();
  resultOf("build-validator", { root, output });
  const build = readJson<FindingsFile>(join(output, "findings/build-validator.json"));
  expect(build.counts.byRule).toEqual([{ rule: "missing-entry", severity: "high", count: filesMade / 5 }]);
  resultOf("environment-validator", { root, output, machine: ["git"] });
  const environment = readJson<FindingsFile>(join(output, "findings/environment-validator.json"));
  expect(environment.scanned).toMatchObject({ listed: filesMade, files: filesMade, skipped: 0 });
  expect(environment.counts.byRule).toEqual([{ rule: "undocumented-variable", severity: "low", count: 800 }]);
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
