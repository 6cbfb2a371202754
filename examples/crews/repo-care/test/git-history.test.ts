/** The history's numbers against `git` itself, asked in other ways than the tool asks it. */
import { mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { History, HistoryFile } from "../tools/repository/history/history.ts";
import { commit, git, put, repository, shell, temporaryFolder } from "./fixture.ts";
import { callTool, crewFolder, readJson, resultOf } from "./run-tool.ts";

/** What the tool answers. */
type Result = Pick<History, "totals" | "state" | "head"> & { readonly history: { readonly sha256: string } };

function history(root: string, given: { readonly limit?: number; readonly commits?: number } = {}): History {
  const output = join(temporaryFolder(), "out");
  const result = resultOf<Result>("git-history", { root, output, limit: 1000, ...given });
  const written = readJson<History>(join(output, "history.json"));
  expect(result).toMatchObject({ totals: written.totals, state: written.state, head: written.head });
  expect(result.history.sha256).toBe(shell(output, "sha256sum history.json").slice(0, 64));
  return written;
}

/** Adds up a column of `git log --numstat` for the given arguments. */
function sum(root: string, column: 1 | 2, ...argv: readonly string[]): number {
  const rows = git(root, "log", "--numstat", "--no-merges", "--format=", ...argv).split("\n");
  return rows.reduce((total, row) => total + (Number(row.split("\t")[column - 1]) || 0), 0);
}

function fileOf(of: History, path: string): HistoryFile | undefined {
  return of.hot.find((file) => file.path === path);
}

/** Two authors, three months, a side branch with a merge, changes and a deletion. */
function ordinary(): string {
  const root = repository();
  put(root, "a.txt", "1\n2\n3\n");
  put(root, "b.txt", "b\n");
  commit(root, { authored: Date.UTC(2024, 0, 31, 23, 59, 59) / 1000 });
  put(root, "a.txt", "1\ntwo\n3\n4\n");
  commit(root, { author: "Grace", email: "grace@example.org", authored: Date.UTC(2024, 1, 1, 0, 0, 0) / 1000 });
  git(root, "checkout", "--quiet", "-b", "side");
  put(root, "side.txt", "s\n".repeat(5));
  commit(root, { authored: Date.UTC(2024, 3, 10) / 1000 });
  git(root, "checkout", "--quiet", "main");
  put(root, "a.txt", "1\ntwo\n3\n4\n5\n6\n");
  commit(root, { author: "Grace", email: "grace@example.org", authored: Date.UTC(2024, 3, 11) / 1000 });
  git(root, "merge", "--quiet", "--no-edit", "side");
  rmSync(join(root, "b.txt"));
  put(root, "picture.png", Buffer.from([0, 1, 2, 3]));
  commit(root, { authored: Date.UTC(2024, 3, 12) / 1000 });
  return root;
}

/** Every number that git can be asked for, against the tool's. */
function expectGitAgrees(root: string): History {
  const seen = history(root);
  expect(seen.totals).toMatchObject({
    commits: Number(git(root, "rev-list", "--count", "HEAD")),
    merges: Number(git(root, "rev-list", "--count", "--merges", "HEAD")),
    authors: git(root, "shortlog", "--summary", "--email", "--no-merges", "HEAD").split("\n").length,
    added: sum(root, 1),
    deleted: sum(root, 2),
  });
  const authors = seen.authors.map((author) => `${author.commits}\t${author.name} <${author.email}>`);
  const wanted = git(root, "shortlog", "--summary", "--numbered", "--email", "--no-merges", "HEAD").split("\n");
  expect(authors.toSorted()).toEqual(wanted.map((line) => line.trim()).toSorted());
  const months = seen.months.map((month) => `${month.commits} ${month.month}`);
  const counted = shell(root, "git log --date=format-local:%Y-%m --format=%ad | sort | uniq -c | sed 's/^ *//'");
  expect(months).toEqual(counted.split("\n"));
  expect(seen.totals.filesPresent).toBe(Number(git(root, "ls-tree", "-r", "--name-only", "HEAD").split("\n").length));
  expect(seen.head).toMatchObject({ commit: git(root, "rev-parse", "HEAD"), shallow: false, truncated: false });
  return seen;
}

/** Commits that touched a file under any of its names. Git also goes on with what a file was copied from, which is another file. */
function commitsOf(root: string, path: string): number {
  const lines = git(root, "log", "--follow", "--no-merges", "--name-status", "--format=%H", "--", path).split("\n");
  const copied = lines.findIndex((line) => /^C\d+\t/.test(line));
  const own = copied === -1 ? lines : lines.slice(0, copied);
  return own.filter((line) => /^[0-9a-f]{40}$/.test(line)).length;
}

describe("git-history", () => {
  test("counts what git counts when a repository is ordinary", () => {
    const root = ordinary();
    const seen = expectGitAgrees(root);
    expect(seen.totals).toMatchObject({
      commits: 6,
      merges: 1,
      authors: 2,
      files: 4,
      filesPresent: 3,
      binaryChanges: 1,
    });
    expect(seen.months.map((month) => [month.month, month.commits])).toEqual([
      ["2024-01", 1],
      ["2024-02", 1],
      ["2024-04", 3],
      [git(root, "log", "--merges", "--date=format-local:%Y-%m", "--format=%ad"), 1],
    ]);
    expect(seen.head?.branch).toBe("main");
  });

  test("counts what git counts in its own repository", () => {
    const still = join(temporaryFolder(), "clone");
    git(join(crewFolder, "../../.."), "clone", "--quiet", "--no-hardlinks", ".", still);
    const seen = expectGitAgrees(still);
    for (const file of seen.hot.slice(0, 5)) {
      expect(file.score).toBe(file.churn * file.commits);
      expect(file.commits).toBe(commitsOf(still, file.path));
    }
  });

  test("gives each file its commits, lines and authors, and leaves deleted files out of the ranking", () => {
    const root = ordinary();
    const seen = history(root);
    for (const path of ["a.txt", "side.txt"]) {
      const added = sum(root, 1, "--", path);
      const deleted = sum(root, 2, "--", path);
      const commits = git(root, "log", "--no-merges", "--format=%H", "--", path).split("\n").length;
      expect(fileOf(seen, path)).toMatchObject({
        added,
        deleted,
        churn: added + deleted,
        commits,
        score: (added + deleted) * commits,
      });
    }
    expect(fileOf(seen, "a.txt")?.authors).toBe(2);
    expect(fileOf(seen, "side.txt")?.authors).toBe(1);
    expect(fileOf(seen, "b.txt")).toBeUndefined();
    expect(seen.hot[0]?.path).toBe("a.txt");
  });

  test("follows a file through its renames, and a name that another file took over", () => {
    const root = repository();
    const body = Array.from({ length: 50 }, (_, line) => `line ${line}\n`).join("");
    put(root, "first.txt", body);
    commit(root);
    mkdirSync(join(root, "folder"));
    renameSync(join(root, "first.txt"), join(root, "folder/second.txt"));
    put(root, "folder/second.txt", `${body}more\n`);
    commit(root);
    put(root, "first.txt", "another\n");
    commit(root);
    renameSync(join(root, "folder/second.txt"), join(root, "third\nname.txt"));
    commit(root);
    const seen = expectGitAgrees(root);
    expect(fileOf(seen, "third\nname.txt")).toMatchObject({ commits: 3, added: 51, deleted: 0 });
    expect(fileOf(seen, "first.txt")).toMatchObject({ commits: 1, added: 1, deleted: 0 });
    expect(seen.totals).toMatchObject({ renames: 2, files: 2, filesPresent: 2 });
  });

  test("keeps two files apart that swapped their names in one commit", () => {
    const root = repository();
    put(root, "left", "left\n".repeat(40));
    put(root, "right", "right\n".repeat(30));
    commit(root);
    renameSync(join(root, "left"), join(root, "temporary"));
    renameSync(join(root, "right"), join(root, "left"));
    renameSync(join(root, "temporary"), join(root, "right"));
    commit(root);
    const seen = history(root);
    expect(seen.totals).toMatchObject({ files: 2, commits: 2, added: sum(root, 1), deleted: sum(root, 2) });
  });

  test("keeps every name, whatever bytes it has", () => {
    const root = repository();
    const odd = Buffer.from([0x62, 0xff, 0x09, 0x31]);
    for (const name of ["a b", "new\nline", "commit 1\t2", "1\t2\tname", "-\t-\tdash"]) put(root, name, "x\n");
    put(root, odd, "x\n");
    commit(root, { author: "Zo\u00eb \u2603" });
    const seen = history(root);
    expect(seen.totals).toMatchObject({ files: 6, filesPresent: 6, added: 6, commits: 1 });
    const names = seen.hot.map((file) =>
      Buffer.from(file.pathBytes ?? file.path, file.pathBytes === undefined ? "utf8" : "base64").toString("latin1"),
    );
    const wanted = shell(root, "git ls-tree -r -z --name-only HEAD | base64 -w0");
    expect(names.toSorted()).toEqual(
      Buffer.from(wanted, "base64").toString("latin1").split("\0").slice(0, -1).toSorted(),
    );
    expect(seen.authors[0]).toMatchObject({ name: "Zo\u00eb \u2603", commits: 1 });
  });

  test("takes one person for one author when .mailmap says so", () => {
    const root = repository();
    put(root, "a", "1\n");
    commit(root, { author: "A. L.", email: "old@example.org" });
    put(root, ".mailmap", "Ada Lovelace <ada@example.org> <old@example.org>\n");
    commit(root, { author: "Ada Lovelace" });
    expect(expectGitAgrees(root).authors).toMatchObject([
      { name: "Ada Lovelace", email: "ada@example.org", commits: 2 },
    ]);
  });

  test("says that a repository has no commit, or that there is none", () => {
    const empty = history(repository());
    expect(empty).toMatchObject({
      state: "empty",
      reason: "the repository has no commit",
      head: null,
      first: null,
      months: [],
    });
    const none = history(temporaryFolder());
    expect(none).toMatchObject({ state: "none", reason: "the folder has no .git", head: null, totals: { commits: 0 } });
    const inside = ordinary();
    mkdirSync(join(inside, "below"));
    expect(history(join(inside, "below")).state).toBe("none");
  });

  test("says that a clone is shallow, and counts what is there", () => {
    const root = ordinary();
    const clone = join(temporaryFolder(), "clone");
    git(root, "clone", "--quiet", "--depth=2", `file://${root}`, clone);
    const seen = history(clone);
    expect(seen.head?.shallow).toBe(true);
    expect(seen.totals.commits).toBe(Number(git(clone, "rev-list", "--count", "HEAD")));
  });

  test("says when it read only the newest commits", () => {
    const root = ordinary();
    const seen = history(root, { commits: 2 });
    expect(seen.head?.truncated).toBe(true);
    expect(seen.totals.commits).toBe(2);
    expect(seen.last?.id).toBe(git(root, "rev-parse", "HEAD"));
  });

  test("works without a branch checked out", () => {
    const root = ordinary();
    git(root, "checkout", "--quiet", "--detach", "HEAD~1");
    const seen = history(root);
    expect(seen.head).toMatchObject({ branch: null, commit: git(root, "rev-parse", "HEAD") });
  });

  test("sets aside a date that no calendar has", () => {
    const root = repository();
    put(root, "a", "1\n");
    commit(root, { authored: 1_700_000_000 });
    const tree = git(root, "write-tree");
    const parent = git(root, "rev-parse", "HEAD");
    const raw = `tree ${tree}\nparent ${parent}\nauthor Ada <ada@example.org> 999999999999999 +0000\ncommitter Ada <ada@example.org> 1700000001 +0000\n\nfuture\n`;
    put(root, ".git/future", raw);
    const id = git(root, "hash-object", "-t", "commit", "-w", "--literally", ".git/future");
    git(root, "reset", "--quiet", "--hard", id);
    const seen = history(root);
    expect(seen.totals).toMatchObject({ commits: 2, undated: 1 });
    expect(seen.months).toMatchObject([{ month: "2023-11", commits: 1 }]);
    expect(seen.last?.authored).toBeNull();
  });

  test("fails in one line that carries git's own when the repository is damaged", () => {
    const root = ordinary();
    rmSync(join(root, ".git/objects"), { recursive: true });
    mkdirSync(join(root, ".git/objects"));
    put(root, ".git/refs/heads/main", "0123456789012345678901234567890123456789\n");
    const ran = callTool("git-history", { root, output: join(temporaryFolder(), "out") });
    expect({ ...ran, stderr: ran.stderr.split("\n").length }).toEqual({ code: 1, stdout: "", stderr: 2 });
    expect(ran.stderr).toMatch(/^Cannot /u);
  });
});
