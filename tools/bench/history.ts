/**
 * Whether cost grows with history: one agent with 1,000,000 events in its vault beside one with 1,000, turn by turn, a caller at a
 * time. Appended are changes of its state; resumed means that the closed vault is opened and the suspended agent's resumption durable.
 */
import { mkdtempSync, mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { genesisIds, type MachinePort, type Operation } from "@toka/kernel";
import { localProof, openVault, type Vault } from "@toka/store";
import { benchVault } from "./parts/bench-vault.ts";
import { ask, settle } from "./parts/machine-world.ts";
import { changesOfMind, type Script, type Worker } from "./parts/mix.ts";
import { processorTimer } from "./parts/processor-time.ts";
import { handOn, median } from "./parts/rows.ts";

const few = 1_000;
const many = 1_000_000;
const atOnce = 1_000;
const rounds = 10;
const appendsPerRound = 200;
const wanted = 1.2;

/** One agent in a vault of its own. */
interface Subject {
  readonly dir: string;
  vault: Vault;
  readonly worker: Worker;
  readonly script: Script<never>;
  readonly appendMs: number[];
  readonly appendProcessorMs: number[];
  readonly resumeMs: number[];
  readonly resumeProcessorMs: number[];
}

const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
try {
  const young = await subjectOf("young", few);
  const old = await subjectOf("old", many);
  for (let round = 0; round < rounds; round += 1) for (const subject of [young, old]) await append(subject);
  for (let round = 0; round < rounds; round += 1) for (const subject of [young, old]) await resume(subject);
  for (const { vault } of [young, old]) await vault.close();
  const append99 = late(old.appendMs) / late(young.appendMs);
  const resumed = median(old.resumeMs) / median(young.resumeMs);
  for (const [events, one] of [
    [few, young],
    [many, old],
  ] as const)
    process.stdout.write(
      `an agent with ${events.toLocaleString("en")} events: append p99 ${late(one.appendMs).toFixed(2)} ms, median ${median(one.appendMs).toFixed(2)} ms, ${median(one.appendProcessorMs).toFixed(3)} ms of processor time; resumed in ${median(one.resumeMs).toFixed(0)} ms, ${median(one.resumeProcessorMs).toFixed(0)} ms of processor time\n`,
    );
  process.stdout.write(
    `old over young: append p99 ${append99.toFixed(2)}, resume ${resumed.toFixed(2)} (wanted ${wanted} at most)\n`,
  );
  handOn([
    { name: "append, old over young", better: "less", samples: ratios(old.appendProcessorMs, young.appendProcessorMs) },
    { name: "resume, old over young", better: "less", samples: ratios(old.resumeProcessorMs, young.resumeProcessorMs) },
  ]);
  process.exitCode = append99 <= wanted && resumed <= wanted ? 0 : 1;
} finally {
  rmSync(dir, { recursive: true, force: true });
}

async function subjectOf(name: string, events: number): Promise<Subject> {
  const place = join(dir, name);
  mkdirSync(place);
  const vault = await benchVault(place);
  const { workers } = await settle(vault.machine, 1);
  const [worker] = workers;
  if (worker === undefined) throw new Error("Cannot measure: there is no agent");
  const script = changesOfMind(worker);
  for (let done = 0; done < events; done += atOnce)
    await Promise.all(Array.from({ length: atOnce }, () => ask(vault.machine, nextOf(script))));
  const times = { appendMs: [], appendProcessorMs: [], resumeMs: [], resumeProcessorMs: [] };
  return { dir: place, vault, worker, script, ...times };
}

function nextOf(script: Script<never>): Parameters<typeof ask>[1] {
  return script.next([]).value;
}

async function append({ vault, script, appendMs, appendProcessorMs }: Subject): Promise<void> {
  const processorMs = processorTimer();
  for (let done = 0; done < appendsPerRound; done += 1) {
    const from = performance.now();
    await ask(vault.machine, nextOf(script));
    appendMs.push(performance.now() - from);
  }
  appendProcessorMs.push(processorMs() / appendsPerRound);
}

async function resume(subject: Subject): Promise<void> {
  const { dir: place, worker, resumeMs, resumeProcessorMs } = subject;
  await asRoot(subject.vault.machine, { type: "agent.suspend", agent: worker.agent, reason: "maintenance" });
  await subject.vault.close();
  const [from, processorMs] = [performance.now(), processorTimer()];
  subject.vault = await openVault({ dir: join(place, "vault"), knownVaults: join(place, "known-vaults") });
  await asRoot(subject.vault.machine, { type: "agent.resume", agent: worker.agent });
  resumeMs.push(performance.now() - from);
  resumeProcessorMs.push(processorMs());
}

async function asRoot(machine: MachinePort, operation: Operation): Promise<void> {
  const caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };
  const { outcome } = await machine.submit(operation, { caller });
  if ("refusal" in outcome) throw new Error(`Cannot measure: ${operation.type} is ${outcome.refusal.code}`);
}

/** The time that all but one in a hundred stay below. */
function late(times: readonly number[]): number {
  return times.toSorted((left, right) => left - right)[Math.floor(times.length * 0.99)] ?? 0;
}

function ratios(over: readonly number[], under: readonly number[]): readonly number[] {
  return over.map((one, round) => one / (under[round] ?? Number.NaN));
}
