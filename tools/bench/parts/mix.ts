/**
 * The operations that the repo-care crew asks for, in their proportions: what the benchmarks of kernel and store run.
 *
 * A script yields what is to be asked and is told the events. So it runs against the bare kernel as well as against a machine.
 */
import { genesisIds, placeOf } from "@toka/kernel";
import type {
  AgentId,
  BudgetId,
  Content,
  DefinitionId,
  DefinitionPart,
  EffectId,
  GrantId,
  KernelEvent,
  Operation,
  Permission,
  PrincipalId,
  TaskId,
} from "@toka/kernel";

/** Something to ask, and who asks it. */
export interface Ask {
  readonly operation: Operation;
  readonly principal: PrincipalId;
  /** Null for the host. */
  readonly grant: GrantId | null;
}

/** Yields what to ask; is told the events of each, and never refused. */
export type Script<Result = void> = Generator<Ask, Result, readonly KernelEvent[]>;

/** A live agent with what it asks under. */
export interface Worker {
  readonly agent: AgentId;
  readonly principal: PrincipalId;
  readonly grant: GrantId;
  readonly budget: BudgetId;
}

/** A content as it stands in an entry: nobody looks behind it here. */
export const someContent: Content = {
  commitment: "sha256:q6uXvPDZ8kjlFLyvnmjhyiLLHkN4yRYjlRSEoTOYVpk",
  size: 512,
};

/**
 * The first operation of a vault with room for the mix.
 *
 * @returns `vault.open`, to be stamped by the host without a grant
 */
export function genesis(): Operation {
  return {
    type: "vault.open",
    format: 1,
    vault: `vault-${"0".repeat(32)}`,
    name: "bench",
    host: "host",
    root: "root",
    allotment: { cpuMs: plenty, wallMs: plenty, toolCalls: plenty, memoryBytes: plenty, storedBytes: plenty },
    held: false,
  };
}

/**
 * Registers the crew's tools and definition and spawns agents.
 *
 * @param agents how many live agents, each with a grant and a budget
 * @returns the agents
 */
export function* settlersOf(agents: number): Script<readonly Worker[]> {
  for (const name of tools) {
    yield asRoot({
      type: "tool.register",
      name,
      version: "1.0.0",
      sideEffect: name === "write-report" ? "idempotent" : "read_only",
      manifest: someContent,
      program: someContent.commitment,
      permissions: ["fs.read:/**", "fs.write:/**", "proc.exec:git"],
      timeoutMsMax: 60_000,
    });
  }
  const registered = yield asRoot({ type: "definition.register", part: definition, source: someContent });
  return yield* spawnsOf(only(registered, "definition.registered").definition, agents);
}

/**
 * Spawns agents.
 *
 * @param of the definition that `settlersOf` registered
 * @param agents how many, each with a grant and a budget
 * @returns the agents
 */
export function* spawnsOf(of: DefinitionId, agents: number): Script<readonly Worker[]> {
  const workers: Worker[] = [];
  for (let index = 0; index < agents; index += 1) workers.push(yield* spawn(of));
  return workers;
}

/**
 * Moves an agent to and fro between the two states of its lifecycle, for ever: events of one agent, which leave nothing behind.
 *
 * @returns never
 */
export function* changesOfMind(worker: Worker): Script<never> {
  for (;;)
    for (const to of ["done", "working"])
      yield as(worker, { type: "agent.transition", agent: worker.agent, to, inputs: [] });
}

/**
 * The lives of agents, one after the other and for ever: each does its tasks, is judged, ends, and is spawned again.
 *
 * @param workers the agents; lanes that run at once share none
 * @param definitionId of the crew's definition
 * @returns never
 * @throws RangeError when there are no workers
 */
export function* lives(workers: readonly Worker[], definitionId: DefinitionId): Script<never> {
  const living = [...workers];
  for (let turn = 0; ; turn = (turn + 1) % living.length) {
    const worker = living[turn];
    if (worker === undefined) throw new RangeError("Cannot live: no worker was given");
    living[turn] = yield* life(worker, definitionId);
  }
}

/**
 * The definition that `settlersOf` registered.
 *
 * @param events of all that it asked, in any order
 * @returns its id
 */
export function definitionIn(events: readonly KernelEvent[]): DefinitionId {
  return only(events, "definition.registered").definition;
}

function* life(worker: Worker, definitionId: DefinitionId): Script<Worker> {
  const { agent } = worker;
  const started = yield as(worker, { type: "run.start", agent });
  const { run } = only(started, "run.started");
  for (const part of definition.tasks) yield* task(worker, part);
  for (const { key, method } of definition.objectives) {
    yield asRoot({
      type: "objective.judge",
      agent,
      objective: key,
      met: true,
      method,
      evidence: [{ label: "report.md", content: someContent }],
      inputs: [],
    });
  }
  yield as(worker, { type: "run.end", run, outcome: "completed" });
  yield asRoot({ type: "agent.terminate", agent, reason: "completed", exitCode: 0 });
  return yield* spawn(definitionId);
}

function* task(worker: Worker, { key, priority, steps }: DefinitionPart["tasks"][number]): Script {
  const { agent } = worker;
  const asked = yield as(worker, { type: "task.schedule", agent, key, description: someContent, priority });
  const { task: id } = only(asked, "task.scheduled");
  yield as(worker, { type: "task.start", task: id, inputs: [] });
  for (const { label, tool } of steps) {
    const effect = yield* request(worker, { task: id, label, tool });
    yield {
      principal: genesisIds.host,
      grant: null,
      operation: {
        type: "effect.settle",
        effect,
        outcome: "succeeded",
        code: "0",
        result: someContent,
        usage: { cpuMs: 41, wallMs: 60, storedBytes: 512 },
        changes: null,
        changed: 0,
      },
    };
  }
  yield as(worker, { type: "task.report", task: id, progressPermille: 900, note: null });
  yield as(worker, { type: "task.complete", task: id, result: someContent, inputs: [] });
}

function* request(
  worker: Worker,
  { task: id, label, tool }: { readonly task: TaskId; readonly label: string; readonly tool: string },
): Script<EffectId> {
  const requested = yield as(worker, {
    type: "effect.request",
    kind: "tool",
    label: `${tool} for ${label}`,
    agent: worker.agent,
    task: id,
    step: label,
    tool,
    arguments: someContent,
    claims: ["fs.read:/srv/repository/**", "fs.write:/srv/repository/.toka/out/repo-care/**"],
    reserve: { cpuMs: 60_000, wallMs: 60_000, memoryBytes: 536_870_912 },
    budget: worker.budget,
    timeoutMs: 60_000,
    inputs: [],
  });
  return only(requested, "effect.requested").effect;
}

function* spawn(definitionId: DefinitionId): Script<Worker> {
  const spawned = yield asRoot({
    type: "agent.spawn",
    name: "file-catalogue",
    definition: definitionId,
    parent: null,
    session: null,
    permissions,
    expiresAtMs: null,
    allotment: definition.allotment,
    budget: genesisIds.rootBudget,
  });
  const { agent, principal, grant, budget } = only(spawned, "agent.spawned");
  return { agent, principal, grant, budget };
}

function asRoot(operation: Operation): Ask {
  return { operation, principal: genesisIds.root, grant: genesisIds.rootGrant };
}

function as({ principal, grant }: Worker, operation: Operation): Ask {
  return { operation, principal, grant };
}

/**
 * The event of a type.
 *
 * @returns the first there is
 * @throws TypeError when there is none
 */
export function only<Type extends KernelEvent["type"]>(
  events: readonly KernelEvent[],
  type: Type,
): Extract<KernelEvent, { readonly type: Type }> {
  const found = events.find((event) => isOf(event, type));
  if (found === undefined || !isOf(found, type)) throw new TypeError(`Cannot go on: found no ${type}`);
  return found;
}

function isOf<Type extends KernelEvent["type"]>(
  event: KernelEvent,
  type: Type,
): event is Extract<KernelEvent, { readonly type: Type }> {
  return event.type === type;
}

/**
 * Orders workers by the entry that spawned them, to share them out among lanes.
 *
 * @param workers of `settlersOf`
 * @param lanes how many shares
 * @returns the shares, none empty when there are at least as many workers as lanes
 */
export function sharedOut(workers: readonly Worker[], lanes: number): readonly (readonly Worker[])[] {
  const ordered = workers.toSorted((left, right) => placeOf(left.agent).position - placeOf(right.agent).position);
  return Array.from({ length: lanes }, (_, lane) => ordered.filter((_worker, index) => index % lanes === lane));
}

const plenty = 1_000_000_000_000_000;
const tools = ["walk-files", "git-log", "write-report"];

const permissions: readonly Permission[] = [
  "fs.read:/srv/repository/**",
  "fs.write:/srv/repository/.toka/out/repo-care/**",
  "proc.exec:git",
  "tool.call:walk-files",
  "tool.call:git-log",
  "tool.call:write-report",
];

const definition: DefinitionPart = {
  name: "file-catalogue",
  version: "1.0.0",
  permissions,
  allotment: {
    cpuMs: 6_000_000,
    wallMs: 6_000_000,
    toolCalls: 100,
    memoryBytes: 2_147_483_648,
    storedBytes: 1_000_000,
  },
  tools,
  lifecycle: {
    initial: "working",
    states: ["working", "done"],
    transitions: [
      { from: "working", to: "done" },
      { from: "done", to: "working" },
    ],
  },
  limits: { openTasksMax: 4, openEffectsMax: 8 },
  tasks: ["catalogue", "history", "report"].map((key, index, keys) => ({
    key,
    priority: "high",
    after: keys.slice(Math.max(0, index - 1), index),
    attemptsMax: 3,
    backoff: { firstMs: 1_000, maxMs: 30_000 },
    timeoutMs: 300_000,
    steps: tools.map((tool) => ({ label: `${key}-${tool}`, tool, expect: "success" })),
  })),
  objectives: [
    { key: "report-written", method: "file" },
    { key: "numbers-right", method: "content" },
  ],
};
