/**
 * How long a vault of 1,000,000 entries takes from `kill -9` to its first answer: opened by a new process from the snapshot that
 * was written last, with a write-ahead log and a lookup index that nobody closed, and the entries since then replayed.
 *
 * The vault is filled by a process of its own, which is killed while a hundred callers append. Each opening ends by kill -9, too.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { openVault } from "@toka/store";
import { benchVault } from "./parts/bench-vault.ts";
import { run, settle } from "./parts/machine-world.ts";
import { handOn, median } from "./parts/rows.ts";
import { startFloor } from "./parts/start-floor.ts";

const agents = 1_000;
const callers = 100;
const entriesMin = 1_000_000;
const openings = 5;
const wantedMs = 2_000;

const [part, folder = ""] = process.argv.slice(2);
if (part === "fill") await fill(folder);
else if (part === "open") await open(folder);
else await compare();

/** Fills the vault, says so, and appends until it is killed. */
async function fill(dir: string): Promise<void> {
  const { machine } = await benchVault(dir);
  const world = await settle(machine, agents);
  const scripts = world.lanes(callers * 5);
  while ((await machine.head()).position < entriesMin) await run(world, { scripts, untilMs: performance.now() + 500 });
  process.stdout.write(`${JSON.stringify({ entries: (await machine.head()).position })}\n`);
  await run(world, { scripts: scripts.slice(0, callers), untilMs: Infinity });
}

/** Opens the vault, asks it for something that its state holds, says how long that took, and dies. */
async function open(dir: string): Promise<void> {
  const from = performance.now();
  const { machine, opened } = await openVault({ dir: join(dir, "vault"), knownVaults: join(dir, "known-vaults") });
  const live = await machine.view((state) => state.agents.size);
  const answeredMs = performance.now() - from;
  process.stdout.write(`${JSON.stringify({ ...opened, live, answeredMs })}\n`, () =>
    process.kill(process.pid, "SIGKILL"),
  );
}

async function compare(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
  try {
    const filler = start("fill", dir);
    await said(filler);
    filler.kill("SIGKILL");
    await once(filler, "close");
    const seen: { readonly wholeMs: number; readonly answeredMs: number; readonly floorMs: number }[] = [];
    let what = "";
    for (let opening = 0; opening < openings; opening += 1) {
      const floorMs = startFloor();
      const from = performance.now();
      const child = start("open", dir);
      const { entries = 0, replayed = 0, live = 0, answeredMs = 0 } = await said(child);
      seen.push({ wholeMs: performance.now() - from, answeredMs, floorMs });
      await once(child, "close");
      // Each caller may have been killed between the end of its agent and the spawning of the next.
      if (entries < entriesMin || live < agents - callers)
        throw new Error(`Cannot measure: found ${entries} entries, ${live} live agents`);
      what = `${entries.toLocaleString("en")} entries, ${live} live agents, ${replayed.toLocaleString("en")} entries after the snapshot`;
    }
    const wholeMs = median(seen.map((one) => one.wholeMs));
    const figures = `${Math.round(median(seen.map((one) => one.answeredMs)))} ms from opening to the first answer, ${Math.round(wholeMs)} ms from the start of the process (least ${Math.round(Math.min(...seen.map((one) => one.wholeMs)))})`;
    process.stdout.write(`recovery after kill -9, ${what}: ${figures} (wanted ${wantedMs} ms)\n`);
    handOn([{ name: "start to first answer", better: "less", samples: seen.map((one) => one.wholeMs / one.floorMs) }]);
    process.exitCode = wholeMs <= wantedMs ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

function start(which: "fill" | "open", dir: string): ChildProcess {
  const args = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning", import.meta.filename, which, dir];
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
}

/** What a part says first. */
async function said(child: ChildProcess): Promise<Partial<Record<string, number>>> {
  if (child.stdout === null) throw new Error("Cannot measure: the part has no output");
  for await (const line of createInterface({ input: child.stdout })) {
    const found: Partial<Record<string, number>> = JSON.parse(line);
    return found;
  }
  throw new Error("Cannot measure: the part ended before it said anything");
}
