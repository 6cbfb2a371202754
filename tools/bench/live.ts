/**
 * What 100,000 live agents in one vault take of memory, each with its principal, its grant and its budget: resident bytes of a
 * process that has just spawned them, and of one that opened their vault and has answered.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { genesisIds } from "@toka/kernel";
import { localProof, openVault } from "@toka/store";
import { benchVault } from "./parts/bench-vault.ts";
import { settle } from "./parts/machine-world.ts";
import { handOn } from "./parts/rows.ts";

const agents = 100_000;
const openings = 3;
/** 600 million bytes: the stricter reading of 600 MB. */
const wantedMiB = 600_000_000 / 1_048_576;
const limit = 2 * agents;
const limits = { agentsMax: limit, grantsMax: limit, principalsMax: limit, budgetsMax: limit };

const [part, folder = ""] = process.argv.slice(2);
if (part === "fill") await fill(folder);
else if (part === "open") await open(folder);
else await compare();

async function fill(dir: string): Promise<void> {
  const vault = await benchVault(dir);
  const caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };
  await vault.machine.submit({ type: "vault.configure", schema: 2, limits, flags: null }, { caller });
  await settle(vault.machine, agents);
  say(await vault.machine.view((state) => state.agents.size));
  await vault.close();
}

async function open(dir: string): Promise<void> {
  const vault = await openVault({ dir: join(dir, "vault"), knownVaults: join(dir, "known-vaults") });
  say(await vault.machine.view((state) => state.agents.size));
  await vault.close();
}

function say(live: number): void {
  process.stdout.write(`${JSON.stringify({ live, residentMiB: residentMiB() })}\n`);
}

/** What the system holds for this process now: what it held at its height may be given back. */
function residentMiB(): number {
  const found = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"));
  if (found === null) throw new Error("Cannot measure: this system does not say what a process holds");
  return Number(found[1]) / 1_024;
}

async function compare(): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
  try {
    const filled = await measured("fill", dir);
    const opened: number[] = [];
    for (let opening = 0; opening < openings; opening += 1) opened.push(await measured("open", dir));
    const most = Math.max(filled, ...opened);
    process.stdout.write(
      `${agents.toLocaleString("en")} live agents: ${Math.round(filled)} MiB resident after spawning them, ${Math.round(Math.max(...opened))} MiB after opening their vault (wanted ${Math.floor(wantedMiB)} MiB)\n`,
    );
    handOn([
      { name: "resident after spawning", better: "less", samples: [filled] },
      { name: "resident after opening", better: "less", samples: opened },
    ]);
    process.exitCode = most <= wantedMiB ? 0 : 1;
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Runs a part in a process of its own. */
async function measured(which: "fill" | "open", dir: string): Promise<number> {
  // The space for young objects is that of the launcher.
  const flags = [
    "--max-semi-space-size=4",
    "--wasm-wrapper-tiering-budget=1000000000",
    "--conditions=toka-source",
    "--disable-warning=ExperimentalWarning",
  ];
  const args = [...flags, import.meta.filename, which, dir];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (said += chunk));
  await once(child, "close");
  const { live, residentMiB: resident }: Partial<Record<string, number>> = said === "" ? {} : JSON.parse(said);
  if (live !== agents || resident === undefined)
    throw new Error(`Cannot measure: found ${live ?? "no"} live agents, wanted ${agents}`);
  return resident;
}
