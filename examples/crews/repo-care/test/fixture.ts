/** Folders and repositories made for one test, and the ordinary programs that check what a tool says about them. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { onTestFinished } from "vitest";

/** Makes a folder that is removed when the test is over; others may enter it, as a tool run as another user must. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "toka-crew-"));
  chmodSync(folder, 0o755);
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Makes an empty repository in a folder of its own. */
export function repository(): string {
  const root = join(temporaryFolder(), "repo");
  mkdirSync(root);
  git(root, "init", "--quiet", "--initial-branch=main");
  return root;
}

/** Writes a file below a root; the name may be bytes. */
export function put(root: string, name: string | Buffer, content: string | Uint8Array): void {
  const path = typeof name === "string" ? join(root, name) : Buffer.concat([Buffer.from(`${root}/`), name]);
  if (typeof path === "string") mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Who commits, and when: seconds since 1970. */
export interface Commit {
  readonly author?: string;
  readonly email?: string;
  readonly authored?: number;
  readonly committed?: number;
}

const start = 1_700_000_000;
let clock = 0;

/** Commits everything in the work tree. */
export function commit(
  root: string,
  { author = "Ada", email = "ada@example.org", authored, committed }: Commit = {},
): void {
  clock += 3600;
  git(root, "add", "--all");
  const at = authored ?? start + clock;
  execFileSync("git", ["commit", "--quiet", "--allow-empty", "--message=change"], {
    cwd: root,
    env: {
      ...environment,
      GIT_AUTHOR_NAME: author,
      GIT_AUTHOR_EMAIL: email,
      GIT_COMMITTER_NAME: author,
      GIT_COMMITTER_EMAIL: email,
      GIT_AUTHOR_DATE: `@${at} +0000`,
      GIT_COMMITTER_DATE: `@${committed ?? at} +0000`,
    },
  });
}

/** Runs git and gives its output without white space at the end. */
export function git(root: string, ...argv: readonly string[]): string {
  return execFileSync("git", argv, {
    cwd: root,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 256 * 1024 ** 2,
  }).trimEnd();
}

/** Runs a line of shell in a folder and gives its output without white space at the end. */
export function shell(root: string, line: string): string {
  return execFileSync("/bin/bash", ["-c", `set -o pipefail; ${line}`], {
    cwd: root,
    env: environment,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "pipe"],
    maxBuffer: 256 * 1024 ** 2,
  }).trimEnd();
}

// No settings of whoever runs the tests: identity, signing and ignore files differ from one to the next.
const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: "/nonexistent",
  LC_ALL: "C",
  TZ: "UTC",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
};

/** The paths that a catalogue counts, as a shell command that ends each with a NUL. */
export const listed: string = "{ git ls-files -z; git ls-files -z --others --exclude-standard; }";
/** Of these, the ones that are regular files, each after `./`. */
export const listedFiles: string = `${listed} | sed -z 's|^|./|' | xargs -0 -r sh -c 'find "$@" -maxdepth 0 -type f -print0' find`;
