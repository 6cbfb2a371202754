/**
 * Runs a document from its first step to its last, as its reader would: in a repository of their own, with `toka` on the PATH.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";

import { createScene, root, type Scene } from "../scene.ts";
import { bind, type Bindings, compareOutput } from "./compare-output.ts";
import { readDocument, type Step } from "./read-document.ts";
import { openShell, type Shell } from "./shell.ts";

/** The port that documents name; a free one takes its place. */
const portNamed = "7070";

/** Asks again what a reader would look at a moment later: agents go on meanwhile. */
const lists = /^toka [a-z]+ list\b/u;
/** As long as a busy machine may take to get there. */
const patienceMs = 30_000;

/** How a document is run. */
export interface RunOptions {
  /** Runs first, in the same shell; what it needs that a reader has. */
  readonly before?: string;
  /** Ids of the text, as they are in this run. */
  readonly bindings?: Bindings;
}

/**
 * Runs a document.
 *
 * @param text - Markdown
 * @param options - what it needs
 * @returns every step that did not come out as the document shows, with its line; the steps after the first such are not run
 */
export async function runDocument(text: string, options: RunOptions = {}): Promise<readonly string[]> {
  const { steps, problems } = readDocument(text);
  if (problems.length > 0 || steps.length === 0) return problems;
  const scene = createScene();
  const shell = openShell({ cwd: repository(scene), steps: join(scene.dir, "steps"), env: environment(scene) });
  try {
    return await runSteps(steps, { shell, port: await freePort(), ...options });
  } finally {
    await shell.close();
    await scene.close();
  }
}

async function runSteps(
  steps: readonly Step[],
  { shell, port, before, bindings = new Map() }: RunOptions & { readonly shell: Shell; readonly port: string },
): Promise<readonly string[]> {
  if (before !== undefined) {
    const made = await shell.run(before, { strictly: true });
    if (made.code !== 0) return [`before the first step: ended with ${made.code}: ${made.printed}`];
  }
  const heads = tableHeads();
  for (const step of steps) {
    const command = bind(step.command, bindings).replaceAll(portNamed, port);
    const untilMs = Date.now() + (lists.test(command) ? patienceMs : 0);
    let printed = "";
    let problem: string | undefined;
    do {
      const outcome = await shell.run(command, { strictly: step.shown === null });
      printed = outcome.printed.replaceAll(port, portNamed);
      problem = problemOf(step, { code: outcome.code, printed, bindings, heads });
    } while (problem !== undefined && Date.now() < untilMs);
    if (problem !== undefined)
      return [`${step.line}: ${step.command.split("\n")[0] ?? ""}: ${problem}; printed: ${printed}`];
  }
  return [];
}

function problemOf(
  { shown }: Step,
  {
    code,
    printed,
    ...known
  }: {
    readonly code: number;
    readonly printed: string;
    readonly bindings: Bindings;
    readonly heads: ReadonlySet<string>;
  },
): string | undefined {
  if (shown === null) return code === 0 ? undefined : `ended with ${code}`;
  const differs = compareOutput(shown, printed, known);
  if (differs !== undefined) return differs;
  // What fails in a document says so there, and what says so fails.
  const fails = shown.some((line) =>
    /^(?:toka: Cannot |toka: refused: |verify: BAD |\s*NOT MET |\s*failed )/u.test(line),
  );
  return fails === (code !== 0)
    ? undefined
    : `ended with ${code}, ${fails ? "and the document shows a failure" : "wanted 0"}`;
}

/** A small repository with a history, and `./toka` in it as a clone of Toka has. */
function repository(scene: Scene): string {
  const { workspace, dir } = scene;
  mkdirSync(join(dir, "bin"));
  symlinkSync(join(root, "toka"), join(dir, "bin/toka"));
  const script = `
    git init -q -b main . && git config user.name Ada && git config user.email ada@example.com
    mkdir src && printf '# A project\\n' > README.md && printf 'export const answer = 42; // TODO: ask why\\n' > src/answer.ts
    git add . && git commit -q -m 'Begin'
    ln -s '${join(root, "toka")}' toka && echo /toka >> .git/info/exclude`;
  execFileSync("sh", ["-ec", script], { cwd: workspace, env: environment(scene) });
  return workspace;
}

function environment({ dir, home }: Scene): Readonly<Record<string, string>> {
  return {
    PATH: `${join(dir, "bin")}:${process.env["PATH"] ?? ""}`,
    HOME: home,
    TOKA_HOME: join(home, "toka"),
    LANG: "C.UTF-8",
  };
}

async function freePort(): Promise<string> {
  const server = createServer();
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise<void>((resolve) => void server.close(() => resolve()));
  return typeof address === "object" && address !== null ? String(address.port) : portNamed;
}

/** The heads that tables have on a terminal, each as one line. */
function tableHeads(): ReadonlySet<string> {
  const list = execFileSync("git", ["grep", "-hoE", `\\[("[A-Z ]+", )+"[A-Z ]+"\\]`, "--", "packages/cli/src"], {
    cwd: root,
    encoding: "utf8",
  });
  return new Set(
    list
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as string[]).join(" ")),
  );
}

/**
 * Lists the documents whose examples are run.
 *
 * @returns paths in the repository, with their text
 */
export function documents(): readonly { readonly path: string; readonly text: string }[] {
  const list = execFileSync(
    "git",
    ["ls-files", "--", "README.md", "SECURITY.md", "docs/*.md", "packages/*/README.md"],
    {
      cwd: root,
      encoding: "utf8",
    },
  );
  return list
    .trim()
    .split("\n")
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}
