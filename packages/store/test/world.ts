/** A small world for tests: a vault in a folder of its own, and a history with every kind of thing that the store looks at. */
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  genesisIds,
  type AgentId,
  type Caller,
  type DefinitionPart,
  type EffectId,
  type KernelEvent,
  type MachinePort,
  type Operation,
  type PayloadDraft,
  type Receipt,
  type TaskId,
} from "@toka/kernel";
import { createVault, type Genesis } from "../src/create-vault.ts";
import { digestOf } from "../src/digest.ts";
import { localProof, openVault, type OpenVaultOptions, type Vault } from "../src/vault.ts";

/** Genesis of every test vault. */
export const genesis: Genesis = {
  name: "test",
  host: "host",
  root: "operator",
  allotment: { tokens: 1_000_000, cpuMs: 1_000_000_000, wallMs: 1_000_000_000, toolCalls: 1_000_000 },
  limits: { principalsMax: 1_000_000 },
  held: false,
};

/** The root principal under the root grant. */
export const root: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };

/** The host. */
export const host: Caller = { principal: genesisIds.host, grant: null, proof: localProof() };

/** An operation that names one content: a session of a crew. */
export function sessionOf(crew: PayloadDraft["content"]): Operation {
  return {
    type: "session.start",
    name: "s",
    plan: { agents: [{ name: "a", dependsOn: [] }], concurrencyMax: 1, onFailure: "stop", restartsMax: 0 },
    crew,
    workspace: "/",
    output: "/o",
  };
}

/** An operation that names one content, and that nothing needs afterwards. */
export function saying({ content }: PayloadDraft): Operation {
  return {
    type: "observation.emit",
    ...{ agent: null, kind: "finding", confidencePermille: 1_000, metadata: [], content },
  };
}

/** A clock that moves on by 250 ms at each look, from a fixed moment. */
export function steadyClock(fromMs = 1_760_000_000_000): () => number {
  let now = fromMs;
  return () => (now += 250);
}

/**
 * Copies a vault as it stands at one moment. One that is open has threads of its own that move files and parts of files while this one
 * copies: what was changed meanwhile is a mixture that no crash leaves behind, and is copied again.
 */
function copyMoment(vault: string, copy: string): void {
  for (let tries = 0; tries < copyTriesMax; tries += 1) {
    const before = lookOf(vault);
    try {
      cpSync(vault, copy, { recursive: true });
    } catch (error) {
      // A file that was there when the folder was read may have got its last name since.
      if (!(error instanceof Error && "code" in error && error.code === "ENOENT")) throw error;
    }
    if (before !== undefined && lookOf(vault) === before) return;
    rmSync(copy, { recursive: true, force: true });
  }
  throw new Error(`Cannot copy ${vault}: it changed during each of ${copyTriesMax} copies`);
}

/** What tells that a folder's files are those of before, undefined when one went while it was looked at. */
function lookOf(folder: string): string | undefined {
  try {
    return readdirSync(folder)
      .toSorted()
      .map((name) => {
        const { ino, size, mtimeNs, ctimeNs } = statSync(join(folder, name), { bigint: true });
        return [name, ino, size, mtimeNs, ctimeNs].join(" ");
      })
      .join("\n");
  } catch {
    return undefined;
  }
}

const copyTriesMax = 200;

/** A folder for one test, with paths for vaults and the known-vaults file. */
export interface Place {
  readonly dir: string;
  readonly vault: string;
  readonly known: string;
  copyOf(name: string): string;
  clean(): void;
}

export function newPlace(): Place {
  const dir = mkdtempSync(join(tmpdir(), "toka-vault-"));
  const vault = join(dir, "vault");
  return {
    dir,
    vault,
    known: join(dir, "known-vaults"),
    copyOf: (name) => {
      const copy = join(dir, name);
      copyMoment(vault, copy);
      return copy;
    },
    clean: () => rmSync(dir, { recursive: true, force: true }),
  };
}

export function optionsAt(place: Place, also: Partial<OpenVaultOptions> = {}): OpenVaultOptions {
  return { dir: place.vault, knownVaults: place.known, clock: steadyClock(), ...also };
}

export async function createAt(place: Place, also: Partial<OpenVaultOptions> = {}): Promise<Vault> {
  return createVault(genesis, optionsAt(place, also));
}

export async function openAt(place: Place, also: Partial<OpenVaultOptions> = {}): Promise<Vault> {
  return openVault(optionsAt(place, { clock: steadyClock(1_760_000_500_000), ...also }));
}

const part: DefinitionPart = {
  name: "counter",
  version: "1.0.0",
  permissions: ["fs.read:/srv/**", "tool.call:count"],
  allotment: { toolCalls: 10 },
  tools: ["count"],
  lifecycle: { initial: "idle", states: ["idle", "busy"], transitions: [{ from: "idle", to: "busy" }] },
  limits: { openTasksMax: 4, openEffectsMax: 4 },
  tasks: [
    {
      key: "count",
      priority: "medium",
      after: [],
      attemptsMax: 2,
      backoff: { firstMs: 100, maxMs: 1_000 },
      timeoutMs: 60_000,
      steps: [{ label: "count-it", tool: "count", expect: "success" }],
    },
  ],
  objectives: [{ key: "counted", method: "file" }],
};

/** The id under `field` of the first event that has it. */
export function made<Id>(receipt: Receipt, field: string): Id {
  if (!("events" in receipt.outcome)) throw new Error(`Cannot go on: refused with ${receipt.outcome.refusal.code}`);
  const event = receipt.outcome.events.find((one: KernelEvent) => field in one);
  return (event as unknown as Record<string, Id>)[field] as Id;
}

/** Submits as root. */
export function asRoot(
  machine: MachinePort,
  operation: Operation,
  payloads: readonly PayloadDraft[] = [],
): Promise<Receipt> {
  return machine.submit(operation, { caller: root, payloads });
}

/** An agent of a session with its one task running: what `spawnCounter` leaves. */
export interface Counter {
  readonly agent: AgentId;
  readonly task: TaskId;
}

/** Registers tool and definition. */
export async function prepare(machine: MachinePort): Promise<void> {
  const manifest = machine.seal("name: count");
  const source = machine.seal("the definition as it was written");
  const tool = {
    name: "count",
    version: "1.0.0",
    sideEffect: "read_only",
    program: digestOf("program"),
    timeoutMsMax: 60_000,
  } as const;
  await asRoot(
    machine,
    { type: "tool.register", ...tool, manifest: manifest.content, permissions: ["fs.read:/srv/**"] },
    [manifest],
  );
  await asRoot(machine, { type: "definition.register", part, source: source.content }, [source]);
}

/** Spawns an agent and starts its task. */
export async function spawnCounter(machine: MachinePort, name: string): Promise<Counter> {
  const definition = await machine.view((state) => state.lookup.definition("counter")?.id);
  if (definition === undefined) throw new Error("Cannot spawn: prepare was not called");
  const spawned = await asRoot(machine, {
    type: "agent.spawn",
    name,
    definition,
    parent: null,
    session: null,
    permissions: part.permissions,
    expiresAtMs: null,
    allotment: { cpuMs: 10_000, toolCalls: 10 },
    budget: genesisIds.rootBudget,
  });
  const agent = made<AgentId>(spawned, "agent");
  const description = machine.seal(`what ${name} counts`);
  const scheduled = await asRoot(
    machine,
    { type: "task.schedule", agent, key: "count", description: description.content, priority: "medium" },
    [description],
  );
  const task = made<TaskId>(scheduled, "task");
  await asRoot(machine, { type: "task.start", task, inputs: [] });
  return { agent, task };
}

/** Performs the task's step as an effect, with a manifest of changes that names a file of its own, and completes the task. */
export async function count(machine: MachinePort, { agent, task }: Counter): Promise<void> {
  const mine = await machine.view((state) => state.agents.get(agent));
  if (mine === undefined) throw new Error("Cannot count: the agent is gone");
  const caller: Caller = { principal: mine.principal, grant: mine.grant, proof: localProof() };
  const args = machine.seal('{"path":"/srv/a"}');
  const requested = await machine.submit(
    {
      type: "effect.request",
      kind: "tool",
      label: "count-it",
      agent,
      task,
      step: "count-it",
      tool: "count",
      arguments: args.content,
      claims: ["fs.read:/srv/**"],
      reserve: { cpuMs: 1_000 },
      budget: mine.budget,
      timeoutMs: 1_000,
      inputs: [],
    },
    { caller, payloads: [args] },
  );
  const effect = made<EffectId>(requested, "effect");
  await machine.submit({ type: "effect.start", effect }, { caller: host });
  const result = machine.seal('{"words":12}');
  const before = machine.seal("the file as it was");
  const changes = machine.seal(`[{"path":"/srv/b","before":"${before.content.commitment}"}]`, [before.content]);
  await machine.submit(
    {
      type: "effect.settle",
      effect,
      outcome: "succeeded",
      code: "0",
      result: result.content,
      usage: { cpuMs: 700 },
      changes: changes.content,
      changed: 1,
    },
    {
      caller: host,
      causes: requested.position === null ? [] : [requested.position],
      payloads: [result, changes, before],
    },
  );
  await machine.submit(
    { type: "task.complete", task, result: result.content, inputs: [{ name: "words", value: 12 }] },
    { caller },
  );
}

/** Asks for what is refused and recorded. */
export async function overreach(machine: MachinePort, agent: AgentId): Promise<Receipt> {
  const mine = await machine.view((state) => state.agents.get(agent));
  if (mine === undefined) throw new Error("Cannot overreach: the agent is gone");
  return machine.submit(
    { type: "agent.terminate", agent, reason: "killed", exitCode: 0 },
    {
      caller: { principal: mine.principal, grant: genesisIds.rootGrant, proof: localProof() },
    },
  );
}

/** A whole history: two agents that count, a refusal, a verdict with evidence, a session that ends. */
export async function live(machine: MachinePort): Promise<void> {
  await prepare(machine);
  for (const name of ["first", "second"]) {
    const counter = await spawnCounter(machine, name);
    await count(machine, counter);
    await overreach(machine, counter.agent);
    const evidence = machine.seal("12 words");
    await asRoot(
      machine,
      {
        type: "objective.judge",
        agent: counter.agent,
        objective: "counted",
        met: true,
        method: "file",
        evidence: [{ label: "file", content: evidence.content }],
        inputs: [{ name: "bytes", value: 60 }],
      },
      [evidence],
    );
  }
  const crew = machine.seal("crew");
  const plan = {
    agents: [{ name: "solo", dependsOn: [] }],
    concurrencyMax: 1,
    onFailure: "continue",
    restartsMax: 0,
  } as const;
  const started = await asRoot(
    machine,
    { type: "session.start", name: "run", plan, crew: crew.content, workspace: "/srv", output: "/srv/out" },
    [crew],
  );
  await asRoot(machine, { type: "session.end", session: made(started, "session"), outcome: "cancelled" });
}
