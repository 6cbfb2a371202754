/** Agents that run shell programs in the box, and undos of what they did: what the tests of undo share. */
import { readdirSync, readlinkSync, readFileSync, lstatSync } from "node:fs";
import { join } from "node:path";
import { genesisIds, type AgentId, type BudgetId, type Caller, type EffectId, type EffectSettle } from "@toka/kernel";
import { localProof } from "@toka/store";
import { codeReservation, encodeCodeArguments } from "../../src/gate/code-arguments.ts";
import { readChangesDocument } from "../../src/gate/changes-document.ts";
import { claimsOfPaths, encodeUndoArguments } from "../../src/undo/undo-request.ts";
import { effectOf, operator, type Bench } from "../gate/vault.ts";

/** An agent that may run programs in the workspace. */
export interface Hand {
  readonly id: AgentId;
  readonly caller: Caller;
  readonly budget: BudgetId;
}

/** Spawns an agent that may run programs in the workspace. */
export async function hire(bench: Bench, name: string): Promise<Hand> {
  const permissions = ["code.run:native", `fs.read:${bench.workspace}/**`, `fs.write:${bench.workspace}/**`];
  const source = bench.machine.seal("an agent file");
  const part = {
    name,
    version: "1.0.0",
    permissions,
    allotment: {},
    tools: [],
    lifecycle: { initial: "working", states: ["working"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 4 },
    tasks: [],
    objectives: [],
  };
  const registered = await bench.submit(
    { type: "definition.register", part, source: source.content },
    { payloads: [source] },
  );
  const [definition] = "events" in registered.outcome ? registered.outcome.events : [];
  if (definition?.type !== "definition.registered") throw new Error(JSON.stringify(registered.outcome));
  const receipt = await bench.submit({
    type: "agent.spawn",
    name,
    definition: definition.definition,
    parent: null,
    session: null,
    permissions,
    expiresAtMs: null,
    allotment: { cpuMs: 1e7, wallMs: 1e7, memoryBytes: 1e11, storedBytes: 1e11 },
    budget: genesisIds.rootBudget,
  });
  const [event] = "events" in receipt.outcome ? receipt.outcome.events : [];
  if (event?.type !== "agent.spawned") throw new Error(JSON.stringify(receipt.outcome));
  const caller = { principal: event.principal, grant: event.grant, proof: localProof() };
  return { id: event.agent, budget: event.budget, caller };
}

/** Asks for a shell program over the workspace. @returns the effect, requested */
export async function ask(bench: Bench, { script, by }: { script: string; by?: Hand }): Promise<EffectId> {
  const text = encodeCodeArguments({
    argv: ["sh", "-c", script],
    cwd: bench.workspace,
    stdin: new Uint8Array(),
    env: {},
  });
  const sealed = bench.machine.seal(text);
  const timeoutMs = 60_000;
  const receipt = await bench.submit(
    {
      type: "effect.request",
      kind: "code",
      label: "a hand",
      agent: by?.id ?? null,
      task: null,
      step: null,
      tool: null,
      arguments: sealed.content,
      claims: [`fs.read:${bench.workspace}/**`, `fs.write:${bench.workspace}/**`],
      reserve: codeReservation({ timeoutMs, writes: true }),
      budget: by?.budget ?? genesisIds.rootBudget,
      timeoutMs,
      inputs: [],
    },
    { caller: by?.caller ?? operator, payloads: [sealed] },
  );
  return effectOf(receipt);
}

/** Runs a shell program over the workspace, and waits until the tree holds what it did. */
export async function work(
  bench: Bench,
  from: { script: string; by?: Hand; runtime: { whenApplied(): Promise<void> } },
): Promise<EffectId> {
  const effect = await ask(bench, from);
  const settle = await bench.settled(effect);
  if (settle.code !== "0") throw new Error(`${from.script}: ${JSON.stringify(await bench.result(settle))}`);
  await from.runtime.whenApplied();
  return effect;
}

/** Asks for an undo, as the operator. @returns the effect, requested */
export async function askUndo(
  bench: Bench,
  {
    undoes,
    merge = false,
    caller = operator,
    claims = [`fs.write:${bench.workspace}/**`],
  }: { undoes: readonly EffectId[]; merge?: boolean; caller?: Caller; claims?: readonly string[] },
): Promise<EffectId> {
  const sealed = bench.machine.seal(encodeUndoArguments({ merge }));
  const receipt = await bench.submit(
    {
      type: "effect.request",
      kind: "undo",
      label: "undo",
      agent: null,
      task: null,
      step: null,
      tool: null,
      undoes,
      arguments: sealed.content,
      claims,
      reserve: {},
      budget: genesisIds.rootBudget,
      timeoutMs: 60_000,
      inputs: [],
    },
    { caller, payloads: [sealed] },
  );
  return effectOf(receipt);
}

/** What came of an undo. */
export interface Undone {
  readonly effect: EffectId;
  readonly settle: EffectSettle;
  readonly result: unknown;
}

/** Undoes, and waits until the tree holds it. */
export async function undo(
  bench: Bench,
  from: Parameters<typeof askUndo>[1] & { runtime: { whenApplied(): Promise<void> } },
): Promise<Undone> {
  const effect = await askUndo(bench, from);
  const settle = await bench.settled(effect);
  await from.runtime.whenApplied();
  return { effect, settle, result: await bench.result(settle) };
}

/** @returns claims on exactly what some effects changed */
export async function claimsOf(bench: Bench, effects: readonly EffectId[]): Promise<readonly string[]> {
  const paths: string[] = [];
  for (const { entry } of await bench.entries()) {
    const { operation } = entry;
    if (operation.type !== "effect.settle" || !effects.includes(operation.effect) || operation.changes === null)
      continue;
    const bytes = await bench.machine.payload(operation.changes);
    for (const { path } of readChangesDocument(bytes ?? new Uint8Array()) ?? []) paths.push(path);
  }
  return claimsOfPaths(paths);
}

/** @returns every entry below a folder: type, mode, and bytes or target; names as Latin-1, so that none is lost */
export function photograph(folder: string): Readonly<Record<string, string>> {
  const found: Record<string, string> = {};
  const look = (at: Buffer, below: string): void => {
    for (const name of readdirSync(at, { encoding: "buffer" })) {
      const path = Buffer.concat([at, Buffer.from("/"), name]);
      const key = join(below, name.toString("latin1"));
      const stats = lstatSync(path);
      const mode = (stats.mode & 0o7777).toString(8);
      if (stats.isSymbolicLink()) found[key] = `link ${readlinkSync(path, { encoding: "buffer" }).toString("latin1")}`;
      else if (stats.isDirectory()) {
        found[key] = `folder ${mode}`;
        look(path, key);
      } else found[key] = `file ${mode} ${readFileSync(path).toString("base64").slice(0, 4000)} ${stats.size}`;
    }
  };
  look(Buffer.from(folder), "");
  return found;
}
