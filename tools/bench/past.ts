/**
 * Looking back in a vault of 1,000,000 entries: the state after an entry that lies as far from a kept state as any, a page of
 * a hundred entries for each kind of question, and proofs that an entry stands in the log.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { lookAtPast, openVault, type Vault } from "@toka/store";
import { benchVault } from "./parts/bench-vault.ts";
import { run, settle } from "./parts/machine-world.ts";
import { processorFloor } from "./parts/processor-floor.ts";
import { handOn, median } from "./parts/rows.ts";

const agents = 1_000;
const callers = 500;
const entriesMin = 1_000_000;
const pageEntries = 100;
const asks = 30;
const wantedStateMs = 3_000;
const wantedPageMs = 5;
const wantedProofMs = 5;

const [part, folder = ""] = process.argv.slice(2);
if (part === "fill") await fill(folder);
else if (part === "look") await look(folder);
else compare();

/** Each part is a process of its own: looking back is what somebody does who has not just written a million entries. */
function compare(): void {
  const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
  try {
    for (const which of ["fill", "look"]) {
      const args = [
        "--conditions=toka-source",
        "--disable-warning=ExperimentalWarning",
        import.meta.filename,
        which,
        dir,
      ];
      const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
      if (status !== 0) process.exitCode = 1;
    }
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

async function look(dir: string): Promise<void> {
  const vault = await openVault({ dir: join(dir, "vault"), knownVaults: join(dir, "known-vaults") });
  const floor = processorFloor().rate;
  const states = await statesOf(vault);
  const pages = await pagesOf(vault);
  const proofs = await proofsOf(vault);
  await vault.close();
  const slowest = Math.max(...pages.map(({ ms }) => ms));
  const told = pages.map(({ name, ms }) => `${name} ${ms.toFixed(1)}`).join(", ");
  process.stdout.write(
    `state after an entry of ${vault.opened.entries.toLocaleString("en")}: median ${Math.round(median(states))} ms, slowest ${Math.round(Math.max(...states))} ms (wanted ${wantedStateMs})\n` +
      `page of ${pageEntries}, median ms: ${told} (wanted ${wantedPageMs})\n` +
      `proof of inclusion: median ${median(proofs.times).toFixed(1)} ms, slowest ${Math.max(...proofs.times).toFixed(1)} (wanted ${wantedProofMs}); the first, which makes the file of the tree, ${Math.round(proofs.firstMs)} ms\n`,
  );
  // In units of the floor's records, so that it can be compared from one day to another.
  const overFloor = (ms: number): number => (ms * floor) / 1_000;
  handOn([
    { name: "state after an entry", better: "less", samples: states.map(overFloor) },
    { name: "page of entries", better: "less", samples: pages.map(({ ms }) => overFloor(ms)) },
    { name: "proof of inclusion", better: "less", samples: proofs.times.map(overFloor) },
  ]);
  const held = [Math.max(...states) <= wantedStateMs, slowest <= wantedPageMs, median(proofs.times) <= wantedProofMs];
  process.exitCode = held.every(Boolean) ? 0 : 1;
}

async function fill(dir: string): Promise<void> {
  const vault = await benchVault(dir);
  const { machine } = vault;
  const world = await settle(machine, agents);
  const scripts = world.lanes(callers);
  while ((await machine.head()).position < entriesMin) await run(world, { scripts, untilMs: performance.now() + 500 });
  await machine.find({ kind: "vault.open" }, { after: 0, limit: 1 });
  await vault.close();
}

/** Right before a state is kept, all entries since the one before are replayed. */
async function statesOf({ dir, machine, key }: Vault): Promise<readonly number[]> {
  const head = await machine.head();
  const times: number[] = [];
  for (let at = 49_999; at < head.position; at += 100_000) {
    const from = performance.now();
    const live = await lookAtPast(at, { dir, key, head, look: (state) => state.agents.size });
    times.push(performance.now() - from);
    if (live === 0) throw new Error(`Cannot measure: nobody lives after entry ${at}`);
  }
  return times;
}

/** Of entries all over the log, each proof compared with the signed root before it is handed out. */
async function proofsOf({ machine, prover }: Vault): Promise<{
  readonly firstMs: number;
  readonly times: readonly number[];
}> {
  const { position } = await machine.head();
  const prove = async (at: number): Promise<number> => {
    const from = performance.now();
    await prover.inclusion(at);
    return performance.now() - from;
  };
  const firstMs = await prove(1);
  const times: number[] = [];
  for (let ask = 0; ask < asks; ask += 1) times.push(await prove(1 + Math.floor((position / asks) * ask)));
  return { firstMs, times };
}

async function pagesOf({ machine }: Vault): Promise<readonly { readonly name: string; readonly ms: number }[]> {
  const middle = Math.floor(entriesMin / 2);
  const agent = await machine.view((state) => state.agents.values().next().value);
  if (agent === undefined) throw new Error("Cannot measure: there is no agent");
  const questions = [
    ["of all", {}],
    ["of an agent's name", { agent: agent.name }],
    ["of an agent", { agent: agent.id }],
    ["of an operation", { kind: "effect.settle" }],
    ["of an area", { kind: "effect.*" }],
    ["of a name and an operation", { agent: agent.name, kind: "objective.judge" }],
    ["of a cause", { cause: middle }],
  ] as const;
  const found: { name: string; ms: number }[] = [];
  for (const [name, filter] of questions) {
    const times: number[] = [];
    for (let ask = 0; ask < asks; ask += 1) {
      // Nowhere twice: the next page may lie in another part of the index.
      const page = { after: Math.floor((entriesMin / asks) * ask), limit: pageEntries };
      const from = performance.now();
      await (Object.keys(filter).length === 0 ? machine.read(page.after, page) : machine.find(filter, page));
      times.push(performance.now() - from);
    }
    found.push({ name, ms: median(times) });
  }
  return found;
}
