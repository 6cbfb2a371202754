/** The catalogue's numbers against `git`, `wc`, `find`, `sha256sum` and `sort`, run on their own. */
import { chmodSync, linkSync, mkdirSync, rmSync, symlinkSync, truncateSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { commit, git, listed, listedFiles, put, repository, shell, temporaryFolder } from "./fixture.ts";
import type { ShownPath } from "../tools/repository/byte-path.ts";
import type { Catalogue } from "../tools/repository/catalogue/catalogue.ts";
import { callTool, crewFolder, readJson, resultOf } from "./run-tool.ts";

function catalogue(
  root: string,
  { limit = 1000, bound = false }: { readonly limit?: number; readonly bound?: boolean } = {},
): Catalogue {
  const output = join(temporaryFolder(), "out");
  const result = resultOf<Result>("file-catalogue", { root, output, limit }, { bound });
  const written = readJson<Catalogue>(join(output, "catalogue.json"));
  expect(result.totals).toEqual(written.totals);
  expect(result.catalogue.sha256).toBe(shell(output, "sha256sum catalogue.json").slice(0, 64));
  return written;
}

/** What the tool answers. */
type Result = Pick<Catalogue, "totals"> & { readonly catalogue: { readonly sha256: string } };

/** What the ordinary programs say about a repository without odd files. */
function counted(root: string): Readonly<Record<string, number>> {
  const number = (line: string): number => Number(shell(root, line));
  return {
    entries: number(`${listed} | tr -cd '\\0' | wc -c`),
    tracked: number("git ls-files -z | tr -cd '\\0' | wc -c"),
    untracked: number("git ls-files -z --others --exclude-standard | tr -cd '\\0' | wc -c"),
    files: number(`${listedFiles} | tr -cd '\\0' | wc -c`),
    bytes: number(
      `${listedFiles} | xargs -0 -r stat --format=%s -- | { sum=0; while read -r size; do sum=$((sum + size)); done; echo $sum; }`,
    ),
    empty: number(`${listedFiles} | xargs -0 -r stat --format=%s -- | grep -cx 0 || true`),
    lines: number(`{ ${listedFiles} | xargs -0 -r grep -LZaP '\\x00' -- || true; } | xargs -0 -r cat -- | wc -l`),
    binary: number(`{ ${listedFiles} | xargs -0 -r grep -lZaP '\\x00' -- || true; } | tr -cd '\\0' | wc -c`),
  };
}

/** A repository with a little of everything that an ordinary one has. */
function ordinary(): string {
  const root = repository();
  put(root, "src/main.ts", "export const one = 1;\nexport const two = 2;\n");
  put(root, "src/copy.ts", "export const one = 1;\nexport const two = 2;\n");
  put(root, "src/no-newline.py", "print(1)\nprint(2)");
  put(root, "bin/start", "#!/usr/bin/env -S bash -e\necho hello\n");
  put(root, "README.md", "# Title\n\nText\n");
  put(root, "image.png", Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 10, 10, 10]));
  put(root, "data.bin", Buffer.concat([Buffer.alloc(100, 10), Buffer.from([0])]));
  put(root, "empty.txt", "");
  put(root, ".gitignore", "ignored/\n*.log\n");
  commit(root);
  put(root, "src/main.ts", "export const one = 1;\n");
  commit(root);
  put(root, "untracked.js", "one();\n");
  put(root, "ignored/no.ts", "no\n");
  put(root, "no.log", "no\n");
  return root;
}

describe("file-catalogue", () => {
  test("counts what git, find and wc count when a repository is ordinary", () => {
    const root = ordinary();
    const seen = catalogue(root);
    expect(seen.totals).toMatchObject(counted(root));
    expect(seen.totals).toMatchObject({ entries: 10, binary: 2, text: 8, empty: 1, languages: 9 });
    expect(seen.source).toBe("git");
  });

  test("counts what git, find and wc count in its own repository", () => {
    const root = join(crewFolder, "../../..");
    // Others may be at work in this tree: a clone stands still.
    const still = join(temporaryFolder(), "clone");
    git(root, "clone", "--quiet", "--no-hardlinks", root, still);
    expect(catalogue(still).totals).toMatchObject(counted(still));
  });

  test("names each file's language by name, extension or first line, and sums what wc sums", () => {
    const root = ordinary();
    const { languages } = catalogue(root);
    const of = (name: string) => languages.find((language) => language.name === name);
    expect(of("TypeScript")).toMatchObject({
      files: 2,
      lines: Number(shell(root, "cat src/*.ts | wc -l")),
      bytes: Number(shell(root, "cat src/*.ts | wc -c")),
    });
    expect(of("Python")).toMatchObject({ files: 1, lines: 1 });
    expect(of("Shell")).toMatchObject({ files: 1, lines: 2 });
    expect(of("Image")).toMatchObject({ files: 1, lines: 0, bytes: 8 });
    expect(of("Other binary")).toMatchObject({ files: 1, lines: 0 });
    expect(languages.reduce((sum, language) => sum + language.files, 0)).toBe(10);
  });

  test("gives the largest files in the order of find and sort", () => {
    const root = ordinary();
    const seen = catalogue(root, { limit: 3 }).largest.map((file) => `${file.size} ${file.path}`);
    const wanted = shell(
      root,
      `${listedFiles} | xargs -0 stat --format='%s %n' -- | sed 's| \\./| |' | sort -k1,1nr -k2 | head -3`,
    ).split("\n");
    expect(seen).toEqual(wanted);
  });

  test("gives each file the age that git log gives it, merges and side branches included", () => {
    const root = repository();
    put(root, "old.txt", "1\n");
    put(root, "both.txt", "1\n2\n3\n");
    commit(root, { authored: 1_500_000_000 });
    git(root, "checkout", "--quiet", "-b", "side");
    put(root, "side.txt", "s\n");
    commit(root, { authored: 1_510_000_000 });
    git(root, "checkout", "--quiet", "main");
    put(root, "both.txt", "1\n2\n3\nmain\n");
    commit(root, { authored: 1_520_000_000 });
    git(root, "merge", "--quiet", "--no-commit", "side");
    put(root, "both.txt", "1\n2\n3\nmerged\n");
    commit(root, { authored: 1_530_000_000 });
    const files = catalogue(root).oldest;
    for (const file of files) {
      const seconds = Number(git(root, "log", "-1", "--format=%ct", "--", file.path));
      expect(file).toMatchObject({ changed: new Date(seconds * 1000).toISOString(), basis: "commit" });
    }
    expect(files.map((file) => file.path)).toEqual(["old.txt", "side.txt", "both.txt"]);
  });

  test("takes the age of an uncommitted file from the file system", () => {
    const root = ordinary();
    utimesSync(join(root, "untracked.js"), 1_000_000_000, 1_000_000_000);
    expect(catalogue(root).oldest[0]).toEqual({
      path: "untracked.js",
      changed: "2001-09-09T01:46:40.000Z",
      basis: "mtime",
    });
  });

  test("finds the duplicates that sha256sum finds, and takes no empty files for duplicates", () => {
    const root = ordinary();
    put(root, "deep/er/copy.ts", "export const one = 1;\nexport const two = 2;\n");
    put(root, "same-size.ts", "export const one = 1;\nexport const two = 3;\n");
    put(root, "empty-too.txt", "");
    const seen = catalogue(root);
    const wanted = shell(
      root,
      `${listedFiles} | xargs -0 sh -c 'find "$@" -size +0 -print0' find | xargs -0 sha256sum | sed 's|  \\./|  |' | sort | uniq -w64 -D`,
    ).split("\n");
    const groups = seen.duplicates.flatMap((group) => group.paths.map((path) => `${group.sha256}  ${path.path}`));
    expect(groups.toSorted()).toEqual(wanted.toSorted());
    expect(seen.duplicates[0]).toMatchObject({ copies: 2, wasted: 44 });
    expect(seen.totals).toMatchObject({ duplicateGroups: 1, duplicateFiles: 1, duplicateBytes: 44 });
  });

  test("lists links without following them, and flags those that lead out", () => {
    const root = ordinary();
    const outside = temporaryFolder();
    put(outside, "secret.txt", "secret\n".repeat(100));
    symlinkSync(join(outside, "secret.txt"), join(root, "absolute"));
    symlinkSync("../../escape", join(root, "src/relative"));
    symlinkSync("main.ts", join(root, "src/inside"));
    symlinkSync("nowhere.ts", join(root, "src/broken"));
    symlinkSync(outside, join(root, "folder"));
    symlinkSync("folder/secret.txt", join(root, "chained"));
    commit(root);
    const seen = catalogue(root);
    expect(seen.totals).toMatchObject({ links: 6, linksOutside: 4, files: 10 });
    expect(seen.totals.lines).toBe(counted(root)["lines"]);
    const kinds = Object.fromEntries(seen.links.map((link) => [link.path, [link.outside, link.broken]]));
    expect(kinds).toEqual({
      absolute: [true, false],
      "src/relative": [true, false],
      folder: [true, false],
      chained: [true, false],
      "src/inside": [false, false],
      "src/broken": [false, true],
    });
  });

  test("reads nothing through a tracked folder that became a link out", () => {
    const root = repository();
    put(root, "folder/file.txt", "mine\n");
    commit(root);
    const outside = temporaryFolder();
    put(outside, "file.txt", "theirs\n".repeat(50));
    rmSync(join(root, "folder"), { recursive: true });
    symlinkSync(outside, join(root, "folder"));
    const seen = catalogue(root);
    expect(seen.totals).toMatchObject({
      entries: 2,
      missing: 1,
      links: 1,
      linksOutside: 1,
      files: 0,
      lines: 0,
      bytes: 0,
    });
    expect(seen.notable.missing).toEqual([{ path: "folder/file.txt" }]);
  });

  test("keeps every name, whatever bytes it has", () => {
    const root = repository();
    const names = [
      "a b.ts",
      " lead",
      "new\nline.ts",
      "tab\there",
      "quote\"'`.ts",
      "ünï☃.ts",
      "back\\slash",
      "-dash",
      "commit 1",
      ":raw",
    ];
    for (const name of names) put(root, name, `${name}\n`);
    const odd = [Buffer.from([0x62, 0xff, 0x2e, 0x74, 0x73]), Buffer.from([0xc3, 0x28]), Buffer.from([0xe2, 0x98])];
    for (const name of odd) put(root, name, "odd\n");
    commit(root);
    put(root, Buffer.from([0xfe, 0x0a]), "untracked\n");
    const seen = catalogue(root);
    expect(seen.totals).toMatchObject({ entries: 14, files: 14, missing: 0 });
    expect(seen.totals.lines).toBe(counted(root)["lines"]);
    const bytesOf = ({ path, pathBytes }: ShownPath): string => {
      return Buffer.from(pathBytes ?? path, pathBytes === undefined ? "utf8" : "base64").toString("hex");
    };
    const wanted = shell(
      root,
      `${listed} | xxd -p | tr -d '\\n' | sed 's/\\(..\\)/\\1 /g; s/00 /\\n/g' | tr -d ' '`,
    ).split("\n");
    expect(seen.largest.map(bytesOf).toSorted()).toEqual(wanted.toSorted());
    expect(seen.oldest.map(bytesOf).toSorted()).toEqual(wanted.toSorted());
    expect(
      seen.largest.find((file) => file.pathBytes === Buffer.from([0x62, 0xff, 0x2e, 0x74, 0x73]).toString("base64")),
    ).toMatchObject({
      path: "b\\xff.ts",
      language: "TypeScript",
    });
  });

  test("counts repositories inside as one path each and does not look into them", () => {
    const root = ordinary();
    const inner = join(root, "nested");
    mkdirSync(inner);
    git(inner, "init", "--quiet");
    put(inner, "hidden.ts", "hidden\n");
    commit(inner);
    const library = repository();
    put(library, "lib.ts", "lib\n");
    commit(library);
    git(root, "-c", "protocol.file.allow=always", "submodule", "--quiet", "add", library, "library");
    const seen = catalogue(root);
    expect(seen.totals.repositories).toBe(2);
    expect(seen.notable.repositories).toEqual([{ path: "library" }, { path: "nested" }]);
    expect(seen.totals.entries).toBe(counted(root)["entries"]);
    expect(seen.totals.lines).toBe(counted(root)["lines"]);
  });

  test("names tracked files that were deleted, and a path in conflict once", () => {
    const root = repository();
    put(root, "gone.txt", "1\n");
    put(root, "both.txt", "base\n");
    commit(root);
    git(root, "checkout", "--quiet", "-b", "side");
    put(root, "both.txt", "side\n");
    commit(root);
    git(root, "checkout", "--quiet", "main");
    put(root, "both.txt", "main\n");
    commit(root);
    shell(root, "git merge --quiet side || true");
    rmSync(join(root, "gone.txt"));
    const seen = catalogue(root);
    expect(git(root, "ls-files", "--unmerged").split("\n")).toHaveLength(3);
    expect(seen.totals).toMatchObject({ entries: 2, files: 1, missing: 1 });
  });

  test("counts files that it may not read by size, names folders that it may not open, and says so", () => {
    const root = ordinary();
    const before = counted(root);
    chmodSync(join(root, "README.md"), 0);
    put(root, "it's closed/file.txt", "x\n");
    chmodSync(join(root, "it's closed"), 0);
    const seen = catalogue(root, { bound: true });
    expect(seen.totals).toMatchObject({
      entries: 10,
      unreadable: 1,
      files: 9,
      closedFolders: 1,
      bytes: before["bytes"],
    });
    expect(seen.totals.lines).toBe(Number(before["lines"]) - 3);
    expect(seen.notable).toMatchObject({
      unreadable: [{ path: "README.md" }],
      closedFolders: [{ path: "it's closed" }],
    });
    rmSync(join(root, ".git"), { recursive: true });
    expect(catalogue(root, { bound: true }).notable.closedFolders).toEqual([{ path: "it's closed" }]);
    chmodSync(join(root, "it's closed"), 0o755);
  });

  test("counts a sparse file too large to read by size alone", () => {
    const root = ordinary();
    const before = Number(counted(root)["bytes"]);
    put(root, "huge.dat", "");
    truncateSync(join(root, "huge.dat"), 3 * 1024 ** 3);
    const seen = catalogue(root);
    expect(seen.totals).toMatchObject({ unread: 1, files: 10, entries: 11, bytes: before + 3 * 1024 ** 3 });
    expect(seen.notable.unread).toEqual([{ path: "huge.dat" }]);
  });

  test("reads a large text file to its end", () => {
    const root = repository();
    put(root, "large.csv", "0123456789\n".repeat(3_000_001));
    put(root, "twin.csv", "0123456789\n".repeat(3_000_001));
    const seen = catalogue(root);
    expect(seen.totals).toMatchObject({ lines: 6_000_002, duplicateGroups: 1, bytes: 66_000_022 });
    expect(seen.duplicates[0]?.sha256).toBe(shell(root, "sha256sum large.csv").slice(0, 64));
  });

  test("takes for binary what git takes for binary", () => {
    const root = repository();
    put(root, "early.dat", Buffer.concat([Buffer.alloc(7999, 10), Buffer.from([0]), Buffer.alloc(10, 10)]));
    put(root, "late.dat", Buffer.concat([Buffer.alloc(8000, 10), Buffer.from([0]), Buffer.alloc(10, 10)]));
    commit(root);
    expect(git(root, "show", "--numstat", "--format=").split("\n")).toEqual(["-\t-\tearly.dat", "8010\t0\tlate.dat"]);
    expect(catalogue(root).totals).toMatchObject({
      binary: 1,
      text: 1,
      lines: Number(shell(root, "wc -l < late.dat")),
    });
  });

  test("walks a folder that is no repository, and opens no pipe", () => {
    const root = temporaryFolder();
    put(root, "a.ts", "a\n");
    put(root, "deep/er/b.ts", "b\nb\n");
    put(root, ".toka/log.db", "vault\n");
    put(root, Buffer.from([0xff]), "odd\n");
    shell(root, "mkfifo pipe");
    symlinkSync("/etc", join(root, "etc"));
    linkSync(join(root, "a.ts"), join(root, "hard.ts"));
    const seen = catalogue(root);
    expect(seen.source).toBe("walk");
    expect(seen.reason).toBe("the folder has no .git");
    expect(seen.totals).toMatchObject({
      entries: Number(shell(root, "find . -path ./.toka -prune -o ! -type d -print0 | tr -cd '\\0' | wc -c")),
      files: 4,
      lines: 5,
      special: 1,
      links: 1,
      linksOutside: 1,
    });
  });

  test("looks at the folder it was given, not at a repository around it", () => {
    const root = ordinary();
    const seen = catalogue(join(root, "src"));
    expect(seen.source).toBe("walk");
    expect(seen.totals.entries).toBe(3);
  });

  test("says why when .git is not a repository", () => {
    const root = temporaryFolder();
    put(root, ".git/HEAD", "nonsense\n");
    put(root, "a.ts", "a\n");
    const seen = catalogue(root);
    expect(seen.source).toBe("walk");
    expect(seen.reason).toMatch(/not a git repository/u);
    expect(seen.totals.entries).toBe(1);
  });

  test("counts the files of a repository whose objects lie elsewhere, and says that ages do not come from its history", () => {
    const root = ordinary();
    const shared = join(temporaryFolder(), "shared");
    git(root, "clone", "--quiet", "--shared", root, shared);
    rmSync(join(root, ".git"), { recursive: true });
    const seen = catalogue(shared);
    expect(seen.totals).toMatchObject(counted(shared));
    expect(seen.agesUnread).toMatch(/^Cannot run git log: git ended with 128: /u);
    expect(seen.oldest.every((file) => file.basis === "mtime")).toBe(true);
  });

  test("works in a repository without a commit", () => {
    const root = repository();
    put(root, "a.ts", "a\n");
    git(root, "add", "a.ts");
    expect(catalogue(root).totals).toMatchObject({ entries: 1, tracked: 1, lines: 1 });
    expect(catalogue(repository()).totals).toMatchObject({ entries: 0, files: 0, bytes: 0, lines: 0 });
  });

  test("leaves out its own deliverables, and gives the same bytes when run again", () => {
    const root = ordinary();
    const output = join(root, "reports/out");
    const first = resultOf<Result>("file-catalogue", { root, output });
    const second = resultOf<Result>("file-catalogue", { root, output });
    expect(second).toEqual(first);
    expect(first.totals.entries).toBe(10);
  });

  test("names a list no longer than asked while counts stay whole", () => {
    const root = ordinary();
    const seen = catalogue(root, { limit: 1 });
    expect(seen.largest).toHaveLength(1);
    expect(seen.oldest).toHaveLength(1);
    expect(seen.totals.entries).toBe(10);
  });

  test.each([
    ["nonsense", "Cannot read the arguments: what stands on stdin is not JSON"],
    [[1], "Cannot read the arguments: found [1] on stdin, wanted a JSON object"],
    [{ root: "relative", output: "/tmp" }, 'Cannot use the argument "root": found "relative", wanted an absolute path'],
    [{ root: "/tmp" }, 'Cannot use the argument "output": found nothing, wanted an absolute path'],
    [
      { root: "/tmp", output: "/tmp", limit: 0 },
      'Cannot use the argument "limit": found 0, wanted a whole number from 1 to 1000',
    ],
  ])("refuses the arguments %j in one line", (given, message) => {
    const ran = callTool("file-catalogue", given);
    expect(ran).toEqual({ code: 1, stdout: "", stderr: `${message}\n` });
  });

  test("fails in one line when the folder is not there", () => {
    const ran = callTool("file-catalogue", { root: join(temporaryFolder(), "none"), output: "/tmp/none" });
    expect(ran.code).toBe(1);
    expect(ran.stderr).toMatch(/^ENOENT: no such file or directory/u);
  });
});
