/** A real vault with a real gate for one test: SQLite below, the real sandbox above, and the operator as the caller. */
import { join } from "node:path";
import {
  bindingOf,
  genesisIds,
  type AgentId,
  type BudgetId,
  type Caller,
  type DefinitionPart,
  type EffectId,
  type EffectSettle,
  type KernelEvent,
  type MachinePort,
  type Operation,
  type PayloadDraft,
  type Receipt,
  type RecordedEntry,
} from "@toka/kernel";
import { createVault, localProof, openVault, type Log, type LogBatch, type Vault } from "@toka/store";
import { createSandbox, type Sandbox } from "../../src/sandbox/sandbox.ts";
import { createRuntime, type Runtime } from "../../src/gate/runtime.ts";
import type { GateHooks } from "../../src/gate/hooks.ts";
import { createToolCatalogue, loadTools } from "../../src/tools/catalogue.ts";
import { prepareRegistrations } from "../../src/tools/registration.ts";
import type { ToolCatalogue } from "../../src/tools/tool.ts";
import { makeScratch, manifestText, type Scratch } from "../tools/scratch.ts";

/** The operator, who holds every permission. */
export const operator: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };

const plenty = { cpuMs: 1e9, wallMs: 1e9, toolCalls: 1e6, memoryBytes: 1e12, storedBytes: 1e12, networkBytes: 1e12 };

/** One vault under test. */
export interface Bench {
  readonly scratch: Scratch;
  readonly machine: MachinePort;
  readonly host: Caller;
  readonly workspace: string;
  readonly tools: ToolCatalogue;
  /** How often a program was started for each effect. */
  readonly starts: Map<string, number>;
  readonly layersDir: string;
  /** Starts a gate; one that a hook stopped is replaced by calling again. */
  startGate(hooks?: GateHooks): Promise<Gate>;
  submit(
    operation: Operation,
    options?: { readonly caller?: Caller; readonly payloads?: readonly PayloadDraft[] },
  ): Promise<Receipt>;
  /** Plans and requests a tool call. @returns the effect */
  request(tool: string, values: Readonly<Record<string, unknown>>, by?: Requester): Promise<EffectId>;
  /** Spawns an agent that may call some tools. */
  spawn(name: string, tools: readonly string[]): Promise<SpawnedAgent>;
  /** Answers about an effect that waits for an approval, as the operator. */
  answer(effect: EffectId, answer: "allow" | "deny"): Promise<Receipt>;
  /** Waits until the log has an event of a type. @returns the first */
  until<Type extends KernelEvent["type"]>(type: Type): Promise<Extract<KernelEvent, { readonly type: Type }>>;
  /** Waits until an effect is settled or owed. @returns the settling operation */
  settled(effect: EffectId): Promise<EffectSettle>;
  /** @returns the result's JSON */
  result(settle: EffectSettle): Promise<unknown>;
  entries(): Promise<readonly RecordedEntry[]>;
  close(): Promise<void>;
}

/** Who requests, and on what account. */
export interface Requester {
  readonly caller: Caller;
  readonly agent?: AgentId;
  readonly budget?: BudgetId;
}

/** An agent under test. */
export interface SpawnedAgent {
  readonly id: AgentId;
  readonly caller: Caller;
  readonly budget: BudgetId;
}

/** A running gate. */
export interface Gate {
  readonly runtime: Runtime;
  /** Resolves with what made the gate stop. */
  readonly failure: Promise<unknown>;
}

/** A tool for a test: a shell program with its manifest. */
export interface TestTool {
  readonly name: string;
  readonly program: string;
  readonly manifest?: Parameters<typeof manifestText>[0];
}

/** Manifest parts of a tool that writes below one folder. */
export const writes = {
  rest: "  side_effect: idempotent\n  capabilities: { required: [filesystem-write] }",
  parameters:
    "[{ name: out, type: path, access: write, kind: folder, description: Folder, required: true }, { name: text, type: string, description: Text, default: hello }]",
} as const;

/** Manifest parts of a tool without parameters, by side-effect class. */
export function plain(sideEffect: string, security = "{ level: basic }"): Parameters<typeof manifestText>[0] {
  return { rest: `  side_effect: ${sideEffect}`, parameters: "[]", security };
}

/** @returns the id of the first effect that a receipt's events name */
export function effectOf(receipt: Receipt): EffectId {
  if ("refusal" in receipt.outcome) throw new Error(`refused: ${JSON.stringify(receipt.outcome.refusal)}`);
  for (const event of receipt.outcome.events) {
    if (event.type === "effect.requested" || event.type === "approval.requested") return event.effect;
  }
  throw new Error("the receipt names no effect");
}

/** @returns a vault with some tools registered; `wrapLog` puts a failing disk below it */
export async function makeBench(
  testTools: readonly TestTool[],
  { wrapLog, clock = Date.now }: { readonly wrapLog?: (log: Log) => Log; readonly clock?: () => number } = {},
): Promise<Bench> {
  const scratch = makeScratch();
  for (const { name, program, manifest } of testTools) {
    scratch.write(
      `tools/${name}/tool.yaml`,
      manifestText({ metadata: `{ name: ${name}, version: 1.0.0, description: A tool }`, ...manifest }),
    );
    scratch.write(`tools/${name}/program.sh`, program);
  }
  scratch.write("workspace/kept.txt", "kept\n");
  const vault = await createVault(
    { name: "bench", host: "host", root: "operator", allotment: plenty, held: false },
    { dir: join(scratch.path, "vault"), knownVaults: null, clock, ...(wrapLog === undefined ? {} : { wrapLog }) },
  );
  const loaded = loadTools([join(scratch.path, "tools")]);
  const bench = benchOver(vault, { scratch, tools: createToolCatalogue(loaded) });
  for (const { operation, payloads } of prepareRegistrations(loaded, {
    registered: () => undefined,
    seal: (bytes) => vault.machine.seal(bytes),
  })) {
    const receipt = await bench.submit(operation, { payloads });
    if ("refusal" in receipt.outcome) throw new Error(`tool refused: ${JSON.stringify(receipt.outcome.refusal)}`);
  }
  return bench;
}

/** @returns the bench of an earlier process, as it left it */
export async function reopenBench(path: string): Promise<Bench> {
  const vault = await openVault({ dir: join(path, "vault"), knownVaults: null });
  const scratch: Scratch = { path, write: () => path, remove: () => undefined };
  return benchOver(vault, { scratch, tools: createToolCatalogue(loadTools([join(path, "tools")])) });
}

function benchOver(
  vault: Vault,
  { scratch, tools }: { readonly scratch: Scratch; readonly tools: ToolCatalogue },
): Bench {
  const { machine, host } = vault;
  const starts = new Map<string, number>();
  const gates: Runtime[] = [];
  const sandbox = counting(createSandbox(), starts);
  const layersDir = join(scratch.path, "layers");
  const submit: Bench["submit"] = (operation, { caller = operator, payloads = [] } = {}) =>
    machine.submit(operation, { caller, payloads });
  return {
    scratch,
    machine,
    host,
    workspace: join(scratch.path, "workspace"),
    tools,
    starts,
    layersDir,
    submit,
    startGate: async (hooks) => {
      const { promise: failure, resolve } = Promise.withResolvers<unknown>();
      const runtime = createRuntime({
        machine,
        host,
        sandbox,
        tools,
        layersDir,
        hiddenPaths: [vault.dir],
        outputPaths: [join(vault.dir, "out")],
        clock: { nowMs: () => Date.now() },
        onFailure: resolve,
        ...(hooks === undefined ? {} : { hooks }),
      });
      gates.push(runtime);
      await runtime.start();
      return { runtime, failure };
    },
    spawn: (name, offered) => spawnAgent(name, { offered, machine, submit }),
    request: (tool, values, by = { caller: operator }) => requestTool(tool, { values, by, machine, tools, submit }),
    answer: async (effect, answer) => {
      const binding = await machine.view((state) => {
        const row = state.effects.get(effect);
        return row === undefined ? undefined : bindingOf(row);
      });
      if (binding === undefined) throw new Error(`${effect} is not there`);
      return submit({ type: "approval.answer", effect, answer, binding, reason: "looked at it" });
    },
    until: async (type) => {
      const stop = new AbortController();
      for await (const recorded of machine.watch(0, { signal: stop.signal })) {
        const [event] = eventsOf([recorded], type);
        if (event !== undefined) return event;
      }
      throw new Error(`the log ended before ${type}`);
    },
    settled: (effect) => settledIn(machine, effect),
    result: async (settle) => {
      const bytes = settle.result === null ? undefined : await machine.payload(settle.result);
      return bytes === undefined ? undefined : (JSON.parse(Buffer.from(bytes).toString()) as unknown);
    },
    entries: () => machine.read(0, { limit: 4000 }),
    close: async () => {
      for (const gate of gates) await gate.stop();
      await vault.close();
      scratch.remove();
    },
  };
}

async function requestTool(
  tool: string,
  from: { readonly values: Readonly<Record<string, unknown>>; readonly by: Requester } & Pick<
    Bench,
    "machine" | "tools" | "submit"
  >,
): Promise<EffectId> {
  const { values, machine, tools, submit } = from;
  const { caller, agent = null, budget = genesisIds.rootBudget } = from.by;
  const plan = tools.plan(tool, values);
  if ("problem" in plan) throw new Error(plan.problem);
  const sealed = machine.seal(JSON.stringify(plan.arguments));
  const receipt = await submit(
    {
      type: "effect.request",
      kind: "tool",
      label: tool,
      agent,
      task: null,
      step: null,
      tool,
      arguments: sealed.content,
      claims: plan.claims,
      reserve: plan.reserve,
      budget,
      timeoutMs: plan.timeoutMs,
      inputs: [],
    },
    { caller, payloads: [sealed] },
  );
  return effectOf(receipt);
}

async function spawnAgent(
  name: string,
  { offered, machine, submit }: { readonly offered: readonly string[] } & Pick<Bench, "machine" | "submit">,
): Promise<SpawnedAgent> {
  const permissions = ["tool.call:*"];
  const part: DefinitionPart = {
    name,
    version: "1.0.0",
    permissions,
    allotment: {},
    tools: offered,
    lifecycle: { initial: "working", states: ["working"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 4 },
    tasks: [],
    objectives: [],
  };
  const source = machine.seal("an agent file");
  const registered = await submit(
    { type: "definition.register", part, source: source.content },
    { payloads: [source] },
  );
  const [definition] = "events" in registered.outcome ? registered.outcome.events : [];
  if (definition?.type !== "definition.registered") throw new Error(JSON.stringify(registered.outcome));
  const allotment = { cpuMs: 1e6, wallMs: 1e6, toolCalls: 100, memoryBytes: 1e10 };
  const receipt = await submit({
    type: "agent.spawn",
    name,
    definition: definition.definition,
    parent: null,
    session: null,
    permissions,
    expiresAtMs: null,
    allotment,
    budget: genesisIds.rootBudget,
  });
  const [event] = "events" in receipt.outcome ? receipt.outcome.events : [];
  if (event?.type !== "agent.spawned") throw new Error(JSON.stringify(receipt.outcome));
  const agent = await machine.view((state) => state.agents.get(event.agent));
  if (agent === undefined) throw new Error("the agent is not there");
  return {
    id: agent.id,
    budget: agent.budget,
    caller: { principal: agent.principal, grant: agent.grant, proof: localProof() },
  };
}

async function settledIn(machine: MachinePort, effect: EffectId): Promise<EffectSettle> {
  const stop = new AbortController();
  for await (const { entry } of machine.watch(0, { signal: stop.signal })) {
    const { operation, outcome } = entry;
    if (operation.type === "effect.settle" && operation.effect === effect && "events" in outcome) return operation;
  }
  throw new Error(`the log ended before ${effect} was settled`);
}

/** The real sandbox, with a tally of what it was asked to start. */
function counting(sandbox: Sandbox, starts: Map<string, number>): Sandbox {
  return {
    probe: () => sandbox.probe(),
    run: (job, options) => {
      const effect = job.env["TOKA_EFFECT"] ?? "";
      starts.set(effect, (starts.get(effect) ?? 0) + 1);
      return sandbox.run(job, options);
    },
  };
}

/** @returns events of one type among entries */
export function eventsOf<Type extends KernelEvent["type"]>(
  entries: readonly RecordedEntry[],
  type: Type,
): readonly Extract<KernelEvent, { readonly type: Type }>[] {
  const isWanted = (event: KernelEvent): event is Extract<KernelEvent, { readonly type: Type }> => event.type === type;
  return entries.flatMap(({ entry }) => ("events" in entry.outcome ? entry.outcome.events.filter(isWanted) : []));
}

/** A disk that fails to append entries of one kind, before or after it has written them. */
export interface FailingDisk {
  readonly wrapLog: (log: Log) => Log;
  /** How many appends are still to fail. */
  left: number;
}

/**
 * Makes a disk that fails.
 * @returns it, failing nothing yet
 */
export function failingDisk(kind: string, when: "before" | "after"): FailingDisk {
  const disk: FailingDisk = {
    left: 0,
    wrapLog: (log) =>
      // The rest of the log stays as it is, with its own `this`.
      new Proxy(log, {
        get: (target, key) => {
          if (key === "append") return append(target);
          const value: unknown = Reflect.get(target, key);
          return typeof value === "function" ? value.bind(target) : value;
        },
      }),
  };
  const append =
    (log: Log) =>
    async (expected: number, batch: LogBatch): Promise<void> => {
      const fails = disk.left > 0 && batch.rows.some((row) => row.kind === kind);
      if (fails) disk.left -= 1;
      if (fails && when === "before") throw new Error("no space left on device");
      await log.append(expected, batch);
      if (fails) throw new Error("the disk did not answer");
    };
  return disk;
}
