/**
 * Runs `git` to read a repository that may be hostile. Nothing that the repository configures is run (hooks, fsmonitor,
 * external diffs, text converters, signature programs, pagers, transports), nothing is written (no optional locks), and
 * nothing outside the folder is taken for its repository. Each tool has its own copy; a test keeps the copies equal.
 */
import { spawn } from "node:child_process";
import { lstatSync } from "node:fs";
import { join } from "node:path";
import { ToolProblem } from "./invocation.ts";

/** What stands in a folder: a repository, or why it cannot be read as one. */
export type Repository = { readonly kind: "repository" } | { readonly kind: "none"; readonly reason: string };

/** How one run of git is followed. */
export interface GitOptions {
  readonly warned?: ((lines: readonly string[]) => void) | undefined;
  /** Codes that git may end with: some commands answer by them. */
  readonly accepts?: readonly number[];
  /** What git reads on stdin, as a byte text; nothing by default. */
  readonly input?: string;
}

/** Kept of what git says on stderr, in bytes: some hundred warnings. */
const complaintBytesMax = 64 * 1024;

/** Settings that win over the repository's own. */
const settings: readonly string[] = [
  "core.fsmonitor=false",
  "core.hooksPath=/dev/null",
  "core.untrackedCache=false",
  "core.pager=cat",
  "core.askPass=",
  "diff.external=",
  "log.showSignature=false",
  "log.showRoot=true",
  "protocol.allow=never",
  "safe.directory=*",
];

/**
 * Looks whether `root` itself is the top of a repository.
 * @returns what stands there; a folder inside a repository is not its top
 * @throws what is not git's own complaint: that becomes the reason
 */
export async function findRepository(root: string): Promise<Repository> {
  try {
    lstatSync(join(root, ".git"));
  } catch {
    return { kind: "none", reason: "the folder has no .git" };
  }
  try {
    const answer = await gitText(root, ["rev-parse", "--is-inside-work-tree"]);
    return answer === "true" ? { kind: "repository" } : { kind: "none", reason: "the folder is no work tree" };
  } catch (problem) {
    if (!(problem instanceof ToolProblem)) throw problem;
    return { kind: "none", reason: problem.message };
  }
}

/**
 * Runs git and gives its output as one text.
 * @returns stdout without white space at its end
 * @throws ToolProblem when git cannot be run or ends with another code than 0
 */
export async function gitText(root: string, argv: readonly string[]): Promise<string> {
  let text = "";
  for await (const chunk of gitOutput(root, argv)) text += chunk.toString("utf8");
  return text.trimEnd();
}

/**
 * Runs git and gives the fields of its output that a NUL ends, as byte texts (one character a byte).
 * @param options - `warned` takes the lines on stderr of a git that succeeded, as byte texts
 * @returns the fields, one after another; memory holds one chunk and one field
 * @throws ToolProblem when git cannot be run or ends with another code than 0
 */
export async function* gitFields(
  root: string,
  argv: readonly string[],
  options: GitOptions = {},
): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of gitOutput(root, argv, options)) {
    const parts = (rest + chunk.toString("latin1")).split("\0");
    rest = parts.pop() ?? "";
    yield* parts;
  }
  if (rest !== "") yield rest;
}

async function* gitOutput(
  root: string,
  argv: readonly string[],
  { warned, accepts = [0], input }: GitOptions = {},
): AsyncGenerator<Buffer> {
  const child = spawn("git", ["--no-pager", ...settings.flatMap((setting) => ["-c", setting]), ...argv], {
    cwd: root,
    env: environment(root),
    stdio: ["pipe", "pipe", "pipe"],
  });
  // Git may end before it has read everything; its code says why.
  child.stdin.on("error", () => undefined).end(input ?? "", "latin1");
  let complaint = "";
  child.stderr.setEncoding("latin1").on("data", (text: string) => {
    complaint = (complaint + text).slice(0, complaintBytesMax);
  });
  const ended = new Promise<string | undefined>((resolve) => {
    child.once("error", (problem: NodeJS.ErrnoException) =>
      resolve(problem.code === "ENOENT" ? "there is no git on the PATH" : problem.message),
    );
    child.once("close", (code, signal) => {
      const first = Buffer.from(complaint, "latin1").toString("utf8").trim().split("\n", 1)[0] ?? "";
      resolve(
        code !== null && accepts.includes(code)
          ? undefined
          : `git ended with ${code ?? signal}${first === "" ? "" : `: ${first}`}`,
      );
    });
  });
  let read = false;
  try {
    for await (const chunk of child.stdout) yield Buffer.from(chunk);
    read = true;
  } finally {
    // A consumer that stops early must not leave git behind.
    if (!read) child.kill("SIGKILL");
  }
  const problem = await ended;
  if (problem !== undefined) throw new ToolProblem(`Cannot run git ${argv[0] ?? ""}: ${problem}`);
  warned?.(complaint.split("\n").filter((line) => line !== ""));
}

/** The whole environment: nothing is inherited but the search path. */
function environment(root: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    HOME: "/nonexistent",
    LC_ALL: "C",
    GIT_DIR: join(root, ".git"),
    GIT_WORK_TREE: root,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_OPTIONAL_LOCKS: "0",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_NO_LAZY_FETCH: "1",
    GIT_ALLOW_PROTOCOL: "none",
    GIT_TERMINAL_PROMPT: "0",
  };
}
