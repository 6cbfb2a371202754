/**
 * Git repositories made from a seed, for tests that count what is in them by other means.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** A source of numbers that gives the same ones for the same seed. */
export interface Random {
  /** @returns a whole number from 0 to below the bound */
  readonly below: (bound: number) => number;
  /** @returns one of the values */
  readonly pick: <T>(values: readonly [T, ...T[]]) => T;
}

/**
 * Makes a seeded source of numbers.
 *
 * @param seed - any whole number
 * @returns the source
 * Source: the 32-bit mulberry generator
 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const below = (bound: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
  return { below, pick: (values) => values[below(values.length)] ?? values[0] };
}

/**
 * Runs git without any configuration of this machine.
 *
 * @param dir - the repository
 * @param args - of git
 * @returns what it printed
 */
export function git(dir: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): string {
  return execFileSync("git", ["-c", "safe.directory=*", ...args], {
    cwd: dir,
    encoding: "utf8",
    maxBuffer: 256 * 1024 * 1024,
    env: {
      PATH: process.env["PATH"] ?? "",
      HOME: "/nonexistent",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: "/dev/null",
      LANG: "C.UTF-8",
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

const authors = ["Ada", "Bea", "Cy"] as const;
const extensions = [".ts", ".py", ".md", ".json", ".sh", ".txt"] as const;

/**
 * Makes a repository with some commits, renames, deletions, duplicates, an ignored and an untracked file.
 *
 * @param dir - an empty folder
 * @param options - the seed, and how many commits
 */
export function makeRepository(dir: string, options: { readonly seed: number; readonly commits: number }): void {
  const random = createRandom(options.seed);
  git(dir, ["init", "-q", "-b", "main"]);
  const files: string[] = [];
  for (let commit = 0; commit < options.commits; commit += 1) {
    changeSomething(dir, { random, files, commit });
    const author = random.pick(authors);
    const date = `${1_600_000_000 + commit * 86_400 * 20} +0000`;
    git(dir, ["add", "-A"]);
    git(dir, ["commit", "-q", "--allow-empty", "-m", `change ${commit}`], {
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: `${author.toLowerCase()}@example.com`,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: `${author.toLowerCase()}@example.com`,
      GIT_AUTHOR_DATE: date,
      GIT_COMMITTER_DATE: date,
    });
  }
  writeFileSync(join(dir, ".gitignore"), "ignored.txt\n");
  writeFileSync(join(dir, "ignored.txt"), "not counted\n");
  writeFileSync(join(dir, "untracked.md"), "# counted\n");
}

function changeSomething(
  dir: string,
  { random, files, commit }: { readonly random: Random; readonly files: string[]; readonly commit: number },
): void {
  const lines = (count: number): string =>
    Array.from({ length: count }, (_, line) => `line ${line} ${random.below(1000)}\n`).join("");
  for (let count = 0; count < 3; count += 1) {
    const name = `${random.pick(["src", "docs", "a b"])}/file-${commit}-${count}${random.pick(extensions)}`;
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), commit % 3 === 0 ? "the same in each\n" : lines(1 + random.below(40)));
    files.push(name);
  }
  const old = files[random.below(files.length)];
  if (old === undefined || commit === 0) return;
  const act = random.below(8);
  if (act < 2) {
    rmSync(join(dir, old));
    files.splice(files.indexOf(old), 1);
  } else if (act < 4) {
    renameSync(join(dir, old), join(dir, `${old}.moved`));
    files.splice(files.indexOf(old), 1, `${old}.moved`);
  } else {
    writeFileSync(join(dir, old), lines(1 + random.below(60)));
  }
}
