/**
 * What a turn costs an agent that has had many: one agent is told something, has a step done and answers, a thousand times. Each turn
 * is timed, and so is what the vault takes of the disk behind it, pages of the log and of its index together.
 *
 * `--turns N` says how many; `--out FILE` writes what `tools/charts.ts` draws, a list for every so many turns: the last of them, their
 * median milliseconds, and the bytes of the disk behind them. Whether turns stay as cheap is judged by bytes and processor time, which a busy disk does not move.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { parseArgs } from "node:util";
import { genesisIds, type DefinitionPart, type KernelEvent, type MachinePort, type Operation } from "@toka/kernel";
import { benchVault } from "./parts/bench-vault.ts";
import { ask } from "./parts/machine-world.ts";
import { only, someContent, type Worker } from "./parts/mix.ts";
import { processorFloor } from "./parts/processor-floor.ts";
import { processorTimer } from "./parts/processor-time.ts";
import { handOn, median } from "./parts/rows.ts";

/** Turns that one point of the chart stands for. */
const pointTurns = 25;
/** Turns that one figure is the median of. */
const window = 100;
/** How much dearer the last turns may be than the first ones, after those that warm up: flat, but for noise. */
const growthMax = 1.2;
const questionBytes = 200;
const answerBytes = 300;
const amounts = { cpuMs: 1_000_000, wallMs: 1_000_000, toolCalls: 1_000_000, memoryBytes: 1_000_000 };

type Turn = readonly [turn: number, ms: number, bytes: number, processorMs: number];

const { values } = parseArgs({ options: { turns: { type: "string", default: "1000" }, out: { type: "string" } } });
const dir = mkdtempSync(join(tmpdir(), "toka-bench-"));
try {
  const turns = await measure(Number(values.turns));
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(drawn(turns))}\n`);
  tell(turns);
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function tell(turns: readonly Turn[]): void {
  const msOf = (from: number): number => median(turns.slice(from, from + window).map(([, ms]) => ms));
  const processorOf = (from: number): number => median(turns.slice(from, from + window).map(([, , , ms]) => ms));
  const bytesOf = (from: number): number => {
    const [first, last] = [turns[from], turns[Math.min(from + window, turns.length) - 1]];
    return first === undefined || last === undefined ? 0 : (last[2] - first[2]) / (last[0] - first[0]);
  };
  const [early, late] = [window, turns.length - window];
  const growth = { processor: processorOf(late) / processorOf(early), bytes: bytesOf(late) / bytesOf(early) };
  process.stdout.write(
    `${turns.length.toLocaleString("en")} turns of one agent: ${msOf(early).toFixed(2)} ms and ${Math.round(bytesOf(early)).toLocaleString("en")} bytes a turn after the first ${window}, ` +
      `${msOf(late).toFixed(2)} ms and ${Math.round(bytesOf(late)).toLocaleString("en")} at the end; ${growth.bytes.toFixed(2)} times the bytes and ${growth.processor.toFixed(2)} times the processor time (wanted at most ${growthMax})\n`,
  );
  handOn([
    { name: "processor time, last turns over first", better: "less", samples: [growth.processor] },
    { name: "bytes, last turns over first", better: "less", samples: [growth.bytes] },
  ]);
  process.exitCode = growth.processor <= growthMax && growth.bytes <= growthMax ? 0 : 1;
}

function drawn(turns: readonly Turn[]): readonly (readonly [number, number, number])[] {
  return turns
    .filter(([turn]) => turn % pointTurns === 0)
    .map(([turn, , bytes]) => {
      const ms = median(turns.slice(turn - pointTurns, turn).map((one) => one[1]));
      return [turn, Number(ms.toFixed(3)), bytes];
    });
}

async function measure(count: number): Promise<readonly Turn[]> {
  const vault = await benchVault(dir);
  const files = ["log.db", "lookup.db"].map((name) => new DatabaseSync(join(vault.dir, name), { readOnly: true }));
  const worker = await spawned(vault.machine);
  // So that the first turns do not pay for what the compiler has still to do.
  processorFloor();
  const turns: Turn[] = [];
  for (let turn = 1; turn <= count; turn += 1) {
    const from = performance.now();
    const processorMs = processorTimer();
    await takeTurn(vault.machine, worker);
    const [ms, processor] = [performance.now() - from, processorMs()];
    turns.push([turn, ms, files.reduce((sum, file) => sum + pagesOf(file), 0), processor]);
  }
  for (const file of files) file.close();
  await vault.close();
  return turns;
}

/** In pages that are in use, in the file or in its write-ahead log. */
function pagesOf(file: DatabaseSync): number {
  const [pages, size] = ["page_count", "page_size"].map((name) => Number(file.prepare(`PRAGMA ${name}`).get()?.[name]));
  return (pages ?? 0) * (size ?? 0);
}

async function spawned(machine: MachinePort): Promise<Worker> {
  const asRoot = { principal: genesisIds.root, grant: genesisIds.rootGrant };
  await ask(machine, {
    ...asRoot,
    operation: { type: "vault.configure", schema: 2, flags: null, limits: { signalsPerMinuteMax: 1_000_000 } },
  });
  await ask(machine, {
    ...asRoot,
    operation: {
      type: "tool.register",
      name: "step",
      version: "1.0.0",
      sideEffect: "read_only",
      manifest: someContent,
      program: someContent.commitment,
      permissions: [],
      timeoutMsMax: 60_000,
    },
  });
  const part: DefinitionPart = {
    name: "talker",
    version: "1.0.0",
    permissions: ["tool.call:step"],
    allotment: amounts,
    tools: ["step"],
    lifecycle: { initial: "working", states: ["working"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 1 },
    tasks: [],
    objectives: [],
  };
  const register: Operation = { type: "definition.register", part, source: someContent };
  const { definition } = only(await ask(machine, { ...asRoot, operation: register }), "definition.registered");
  const spawn: Operation = {
    type: "agent.spawn",
    name: "talker",
    definition,
    parent: null,
    session: null,
    permissions: part.permissions,
    expiresAtMs: null,
    allotment: amounts,
    budget: genesisIds.rootBudget,
  };
  return only(await ask(machine, { ...asRoot, operation: spawn }), "agent.spawned");
}

/** Told, asked for, done, and off the list: four entries and three contents. */
async function takeTurn(machine: MachinePort, { agent, principal, grant, budget }: Worker): Promise<void> {
  const as = (operation: Operation, content: string): Promise<readonly KernelEvent[]> =>
    ask(machine, { principal, grant, operation, content });
  const told = await ask(machine, {
    principal: genesisIds.root,
    grant: genesisIds.rootGrant,
    operation: { type: "message.send", agent, topic: null, content: someContent },
    content: say(questionBytes),
  });
  const [delivery] = only(told, "message.sent").deliveries;
  if (delivery === undefined) throw new Error("Cannot measure: nobody was told");
  const request: Operation = {
    type: "effect.request",
    kind: "tool",
    label: "answer",
    agent,
    task: null,
    step: null,
    tool: "step",
    arguments: someContent,
    claims: [],
    reserve: { cpuMs: 10, wallMs: 10, memoryBytes: 1_000 },
    budget,
    timeoutMs: 60_000,
    inputs: [],
  };
  const { effect } = only(await as(request, "{}"), "effect.requested");
  await ask(machine, {
    principal: genesisIds.host,
    grant: null,
    operation: {
      type: "effect.settle",
      effect,
      outcome: "succeeded",
      code: "0",
      result: someContent,
      usage: { cpuMs: 0, wallMs: 1 },
      changes: null,
      changed: 0,
    },
    content: say(answerBytes),
  });
  await as({ type: "message.acknowledge", message: delivery.message }, "");
}

function say(bytes: number): string {
  return "what somebody says in one turn of a conversation. ".repeat(10).slice(0, bytes);
}
