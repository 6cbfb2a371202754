/**
 * How long the crew repo-care takes over a repository of 5,000 files, from the command to its end, and when its first line of work comes.
 *
 * Run: node --conditions=toka-source tools/bench/repo-care.ts
 */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { handOn, median } from "./parts/rows.ts";
import { startFloor } from "./parts/start-floor.ts";

const files = 5000;
const filesPerFolder = 50;
const commits = 20;
/** What the design asks for, in seconds. */
const targets = { firstLine: 1.5, whole: 20 } as const;

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
const workspace = join(dir, "workspace");
const toka = join(import.meta.dirname, "../../toka");

function git(args: readonly string[]): void {
  const who = { GIT_AUTHOR_NAME: "A", GIT_AUTHOR_EMAIL: "a@x", GIT_COMMITTER_NAME: "A", GIT_COMMITTER_EMAIL: "a@x" };
  execFileSync("git", [...args], {
    cwd: workspace,
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, GIT_CONFIG_NOSYSTEM: "1", ...who },
  });
}

function makeRepository(): void {
  mkdirSync(workspace);
  git(["init", "-q"]);
  for (let file = 0; file < files; file += 1) {
    const folder = join(workspace, `folder-${Math.floor(file / filesPerFolder)}`);
    mkdirSync(folder, { recursive: true });
    const lines = Array.from({ length: 10 + (file % 200) }, (_, line) => `const value${line} = ${file * line};`);
    writeFileSync(join(folder, `file-${file}.${["ts", "py", "md", "go"][file % 4] ?? "ts"}`), `${lines.join("\n")}\n`);
    if ((file + 1) % (files / commits) === 0) {
      git(["add", "-A"]);
      git(["commit", "-q", "-m", `part ${file}`]);
    }
  }
}

/** Seconds until the first agent runs, and until the command is over. */
async function measure(): Promise<{ readonly firstLine: number; readonly whole: number }> {
  const start = performance.now();
  const seconds = (): number => (performance.now() - start) / 1000;
  const child = spawn(toka, ["up", "--once"], {
    cwd: workspace,
    env: { PATH: process.env["PATH"] ?? "", HOME: dir, TOKA_HOME: join(dir, "home") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let firstLine: number | undefined;
  let said = "";
  child.stdout.on("data", (chunk: Buffer) => {
    said += chunk.toString("utf8");
    if (chunk.includes(" running ")) firstLine ??= seconds();
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  if (code !== 0 || firstLine === undefined)
    throw new Error(`Cannot measure: toka up ended with ${code ?? "a signal"}\n${said}`);
  return { firstLine, whole: seconds() };
}

try {
  makeRepository();
  await measure();
  const runs: { readonly floor: number; readonly firstLine: number; readonly whole: number }[] = [];
  for (let round = 0; round < 3; round += 1) runs.push({ floor: startFloor() / 1000, ...(await measure()) });
  const firstLine = median(runs.map((run) => run.firstLine));
  const whole = median(runs.map((run) => run.whole));
  process.stdout.write(`repo-care over ${files} files and ${commits} commits, median of ${runs.length}\n`);
  process.stdout.write(
    `  second start to the first line of work  ${firstLine.toFixed(2)} s  (target ${targets.firstLine} s)\n`,
  );
  process.stdout.write(
    `  the whole command                       ${whole.toFixed(2)} s  (target ${targets.whole} s)\n`,
  );
  handOn([
    { name: "first line of work", better: "less", samples: runs.map((run) => run.firstLine / run.floor) },
    { name: "whole command", better: "less", samples: runs.map((run) => run.whole / run.floor) },
  ]);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
