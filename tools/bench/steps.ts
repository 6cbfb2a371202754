/**
 * Ten durable steps: what engines for durable workflows are measured by. A workflow is an agent's whole life with a task of ten
 * steps, each of which is asked for and settled, so that two entries of a step are on the disk before the next begins; what a step
 * itself does takes no time and no sandbox. One workflow at a time, and a hundred, in a process of its own each, beside the raw
 * floor of the same minute: one event a step in a plain file with an fdatasync, and one for all who wait for a hundred.
 *
 * `--ms N` says how long each is measured, `--rounds N` how often.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { genesisIds, type DefinitionPart, type MachinePort, type Operation } from "@toka/kernel";
import { benchVault } from "./parts/bench-vault.ts";
import { ask } from "./parts/machine-world.ts";
import { only, someContent, type Worker } from "./parts/mix.ts";
import { processorTimer } from "./parts/processor-time.ts";
import { rawGroup, rawOne } from "./parts/raw-floor.ts";
import { handOn, median } from "./parts/rows.ts";

const steps = Array.from({ length: 10 }, (_, step) => `s${step}`);
const warmMs = 1_500;
const floorMs = 600;
/** Of an event of a step. */
const floorBytes = 300;
const amounts = { cpuMs: 100_000, wallMs: 100_000, toolCalls: 100, memoryBytes: 1_000_000, storedBytes: 100_000 };

interface Cell {
  readonly stepsPerSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly processorUs: number;
  readonly memoryMb: number;
  readonly floor: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { ms: { type: "string", default: "3000" }, rounds: { type: "string", default: "3" } },
});
const forMs = Number(values.ms);
if (positionals[0] === undefined) compare();
else process.stdout.write(`${JSON.stringify(await cell(Number(positionals[0])))}\n`);

/** Each cell is a process of its own, so that none inherits another's memory. */
function compare(): void {
  const cells = new Map([1, 100].map((callers): [number, Cell[]] => [callers, []]));
  for (let round = 0; round < Number(values.rounds); round += 1)
    for (const [callers, seen] of cells) {
      const flags = ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"];
      const args = [...flags, import.meta.filename, String(callers), "--ms", values.ms];
      const { status, stdout } = spawnSync(process.execPath, args, {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "inherit"],
      });
      if (status !== 0) throw new Error(`Cannot measure ${callers} at once: it ended with ${status ?? "a signal"}`);
      seen.push(JSON.parse(stdout));
    }
  for (const [callers, seen] of cells) tell(callers, seen);
  handOn(
    [...cells].map(([callers, seen]) => ({
      name: `steps, ${callers} at once`,
      better: "more",
      samples: seen.map(({ stepsPerSecond, floor }) => stepsPerSecond / floor),
    })),
  );
}

function tell(callers: number, seen: readonly Cell[]): void {
  const of = (figure: (one: Cell) => number): number => median(seen.map(figure));
  const whole = (value: number): string => Math.round(value).toLocaleString("en");
  process.stdout.write(
    `ten durable steps, ${callers} at once, median of ${seen.length}: ${whole(of((one) => one.stepsPerSecond))} steps/s, ` +
      `workflow p50 ${of((one) => one.p50Ms).toFixed(1)} ms, p99 ${of((one) => one.p99Ms).toFixed(1)} ms, ` +
      `${whole(of((one) => one.processorUs))} us of processor time a step, ${whole(of((one) => one.memoryMb))} MB, ` +
      `raw floor ${whole(of((one) => one.floor))} steps/s, ratio ${of((one) => one.stepsPerSecond / one.floor).toFixed(2)}\n`,
  );
}

async function cell(callers: number): Promise<Cell> {
  const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
  try {
    const floorOf = { path: join(dir, "floor"), bytes: floorBytes, forMs: floorMs };
    const floor = callers === 1 ? rawOne(floorOf) : await rawGroup(callers, floorOf);
    const vault = await benchVault(dir);
    const workflow = await workflowsOn(vault.machine);
    await load(callers, { workflow, forMs: warmMs });
    const processorMs = processorTimer();
    const from = performance.now();
    const times = await load(callers, { workflow, forMs });
    const [ms, processor] = [performance.now() - from, processorMs()];
    const memoryMb = residentMb();
    await vault.close();
    const done = times.length * steps.length;
    const sorted = times.toSorted((left, right) => left - right);
    const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0;
    return {
      stepsPerSecond: (done * 1_000) / ms,
      p50Ms: at(0.5),
      p99Ms: at(0.99),
      processorUs: (processor * 1_000) / done,
      memoryMb,
      floor,
    };
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** Every caller begins a workflow when its last one is over. */
async function load(
  callers: number,
  { workflow, forMs: ms }: { readonly workflow: () => Promise<void>; readonly forMs: number },
): Promise<readonly number[]> {
  const until = performance.now() + ms;
  const times: number[] = [];
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      const from = performance.now();
      await workflow();
      times.push(performance.now() - from);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return times;
}

/** Registers what workflows are made of. */
async function workflowsOn(machine: MachinePort): Promise<() => Promise<void>> {
  const asRoot = { principal: genesisIds.root, grant: genesisIds.rootGrant };
  const tool: Operation = {
    type: "tool.register",
    name: "step",
    version: "1.0.0",
    sideEffect: "read_only",
    manifest: someContent,
    program: someContent.commitment,
    permissions: [],
    timeoutMsMax: 60_000,
  };
  await ask(machine, { ...asRoot, operation: tool });
  const part: DefinitionPart = {
    name: "ten-steps",
    version: "1.0.0",
    permissions: ["tool.call:step"],
    allotment: amounts,
    tools: ["step"],
    lifecycle: { initial: "working", states: ["working"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 1 },
    tasks: [
      {
        key: "ten",
        priority: "medium",
        after: [],
        attemptsMax: 1,
        backoff: { firstMs: 1_000, maxMs: 30_000 },
        timeoutMs: 300_000,
        steps: steps.map((label) => ({ label, tool: "step", expect: "success" })),
      },
    ],
    objectives: [],
  };
  const register: Operation = { type: "definition.register", part, source: someContent };
  const { definition } = only(await ask(machine, { ...asRoot, operation: register }), "definition.registered");
  return async () => {
    const spawned = await ask(machine, {
      ...asRoot,
      operation: {
        type: "agent.spawn",
        name: "ten-steps",
        definition,
        parent: null,
        session: null,
        permissions: part.permissions,
        expiresAtMs: null,
        allotment: amounts,
        budget: genesisIds.rootBudget,
      },
    });
    const worker = only(spawned, "agent.spawned");
    await tenSteps(machine, worker);
    const end: Operation = { type: "agent.terminate", agent: worker.agent, reason: "completed", exitCode: 0 };
    await ask(machine, { ...asRoot, operation: end });
  };
}

async function tenSteps(machine: MachinePort, { agent, principal, grant, budget }: Worker): Promise<void> {
  const as = (operation: Operation, content = "{}") => ask(machine, { principal, grant, operation, content });
  const { run } = only(await as({ type: "run.start", agent }), "run.started");
  const scheduled = await as({
    type: "task.schedule",
    agent,
    key: "ten",
    description: someContent,
    priority: "medium",
  });
  const { task } = only(scheduled, "task.scheduled");
  await as({ type: "task.start", task, inputs: [] });
  for (const [index, step] of steps.entries()) {
    const request: Operation = {
      type: "effect.request",
      kind: "tool",
      label: step,
      agent,
      task,
      step,
      tool: "step",
      arguments: someContent,
      claims: [],
      reserve: { cpuMs: 10, wallMs: 10, memoryBytes: 1_000 },
      budget,
      timeoutMs: 60_000,
      inputs: [],
    };
    const { effect } = only(await as(request, JSON.stringify({ index })), "effect.requested");
    const result = JSON.stringify({ ok: true, index });
    const settle: Operation = {
      type: "effect.settle",
      effect,
      outcome: "succeeded",
      code: "0",
      result: someContent,
      usage: { cpuMs: 0, wallMs: 1 },
      changes: null,
      changed: 0,
    };
    await ask(machine, { principal: genesisIds.host, grant: null, operation: settle, content: result });
  }
  await as({ type: "task.complete", task, result: someContent, inputs: [] }, JSON.stringify({ sum: 45 }));
  await as({ type: "run.end", run, outcome: "completed" });
}

/** What is this process's alone, and its share of what it shares. */
function residentMb(): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/smaps_rollup", "utf8"));
  if (found === null) throw new Error("Cannot measure: this system does not say what a process holds");
  return Number(found[1]) / 1_024;
}
