/**
 * How long the crew repo-care takes over a repository of 5,000 files, from the command to its end, and when its first line of work comes.
 *
 * Run: node --conditions=toka-source tools/bench/repo-care.ts
 */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeRepository } from "./parts/git-repository.ts";
import { handOn, median } from "./parts/rows.ts";
import { startFloor } from "./parts/start-floor.ts";

const files = 5000;
const commits = 20;
/** What the design asks for, in seconds. */
const targets = { firstLine: 1.5, whole: 20 } as const;

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
const workspace = join(dir, "workspace");
const toka = join(import.meta.dirname, "../../toka");

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
  makeRepository(workspace, { files, commits, home: dir });
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
