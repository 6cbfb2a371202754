/**
 * What a box costs: `true` boxed, with no write path and with one, beside `true` spawned bare, turn by turn so
 * that a busy moment falls on both. The figure asked for is the difference of the medians; the minimum is what an
 * idle machine shows.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSandbox, discardLayer, type SandboxJob } from "@toka/runtime";
import { handOn, median } from "./parts/rows.ts";

const turns = 60;
const turnsAtOnce = 10;
const wantedMs = 12;
const megabyte = 1024 * 1024;

const folder = realpathSync(mkdtempSync(join(tmpdir(), "toka-bench-")));
const tree = join(folder, "tree");
mkdirSync(tree);
const sandbox = createSandbox();
const job: SandboxJob = {
  argv: ["true"],
  cwd: "/tmp",
  env: {},
  stdin: new Uint8Array(),
  readPaths: [],
  writePaths: [],
  hiddenPaths: [],
  runtimes: [],
  layer: join(folder, "layer"),
  limits: {
    memoryBytes: 256 * megabyte,
    cpuMs: 5_000,
    wallMs: 10_000,
    processes: 64,
    fileBytes: 64 * megabyte,
    writtenBytes: 64 * megabyte,
    openFiles: 256,
    outputBytes: megabyte,
  },
};

try {
  const { available, problems } = await sandbox.probe();
  if (!available) throw new Error(`Cannot measure: ${problems.map(({ problem }) => problem).join("; ")}`);
  const kinds = { bare: runBare, boxed: () => sandbox.run(job), "boxed, with a write path": runWriting };
  const times: Record<keyof typeof kinds, number[]> = { bare: [], boxed: [], "boxed, with a write path": [] };
  for (let turn = 0; turn < turns; turn += 1) {
    times.bare.push(await timed(kinds.bare));
    times.boxed.push(await timed(kinds.boxed));
    times["boxed, with a write path"].push(await timed(kinds["boxed, with a write path"]));
  }
  for (const [name, list] of Object.entries(times)) {
    process.stdout.write(
      `true ${name}: median ${median(list).toFixed(1)} ms, min ${Math.min(...list).toFixed(1)} ms\n`,
    );
  }
  const over = median(times.boxed) - median(times.bare);
  const least = Math.min(...times.boxed) - Math.min(...times.bare);
  process.stdout.write(
    `boxed over bare: median ${over.toFixed(1)} ms, min ${least.toFixed(1)} ms (wanted ${wantedMs} at most)\n`,
  );
  // The least of ten turns each: a turn that another program fell into says nothing about either.
  const toBare = (list: readonly number[]): readonly number[] => {
    const bare = leasts(times.bare);
    return leasts(list).map((ms, block) => ms / (bare[block] ?? Number.NaN));
  };
  handOn([
    { name: "true boxed", better: "less", samples: toBare(times.boxed) },
    { name: "true boxed, with a write path", better: "less", samples: toBare(times["boxed, with a write path"]) },
  ]);
  process.exitCode = over <= wantedMs ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function runBare(): Promise<void> {
  await once(spawn("/usr/bin/true", { stdio: "pipe" }), "close");
}

async function runWriting(): Promise<void> {
  await sandbox.run({ ...job, cwd: tree, writePaths: [tree] });
  discardLayer(job.layer);
}

function leasts(list: readonly number[]): readonly number[] {
  const blocks = Math.floor(list.length / turnsAtOnce);
  return Array.from({ length: blocks }, (_, block) =>
    Math.min(...list.slice(block * turnsAtOnce, (block + 1) * turnsAtOnce)),
  );
}

async function timed(run: () => Promise<unknown>): Promise<number> {
  const from = performance.now();
  await run();
  return performance.now() - from;
}
