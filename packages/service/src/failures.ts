/**
 * What came of effects and tasks that did not succeed, in the words of whoever failed.
 */
import { type AgentId, type EffectId, type Entry, type MachinePort, placeOf } from "@toka/kernel";
import { type FailureReport, readFailure } from "@toka/runtime";

import type { FailedEffect, Told } from "./api.ts";

/** Entries that are looked through for failures; enough for a crew's last minutes, and read in milliseconds. */
const entriesMax = 2000;
/** Failures that a status shows. */
const failuresMax = 5;

/**
 * What an entry says of a failure.
 *
 * @param machine - of the vault
 * @param entry - any
 * @returns outcome, code and words of a settlement without success or of a failed task; null for every other entry
 */
export async function toldBy(machine: MachinePort, entry: Entry): Promise<Told | null> {
  const { operation, outcome } = entry;
  if (!("events" in outcome)) return null;
  if (operation.type === "effect.settle" && operation.outcome !== "succeeded") {
    const bytes = operation.result === null ? undefined : await machine.payload(operation.result);
    const report: FailureReport | undefined = bytes === undefined ? undefined : readFailure(bytes);
    const { message, lastLines } = report ?? { message: null, lastLines: [] };
    return { outcome: operation.outcome, code: operation.code, message, lastLines };
  }
  if (operation.type === "task.fail") {
    const bytes = operation.message === null ? undefined : await machine.payload(operation.message);
    const message = bytes === undefined ? null : new TextDecoder().decode(bytes);
    return { outcome: "failed", code: operation.reason, message, lastLines: [] };
  }
  return null;
}

/**
 * The effects of agents that failed of late.
 *
 * @param machine - of the vault
 * @param options - the position of the head
 * @returns at most five of the last two thousand entries, the newest last
 */
export async function lateFailures(
  machine: MachinePort,
  { head }: { readonly head: number },
): Promise<readonly FailedEffect[]> {
  const recorded = await machine.read(Math.max(0, head - entriesMax), { limit: entriesMax });
  const failed = recorded.flatMap(({ entry }) => {
    const event =
      "events" in entry.outcome ? entry.outcome.events.find((one) => one.type === "effect.settled") : undefined;
    if (event === undefined || event.agent === null || event.outcome === "succeeded") return [];
    return [{ entry, effect: event.effect, agent: event.agent, step: event.step }];
  });
  const shown: FailedEffect[] = [];
  for (const { entry, effect, agent, step } of failed.slice(-failuresMax)) {
    const told = await toldBy(machine, entry);
    if (told === null) continue;
    const [tool, name] = await Promise.all([toolOf(machine, effect), nameOf(machine, agent)]);
    shown.push({ position: entry.position, agent: name ?? agent, tool, step, ...told });
  }
  return shown;
}

async function entryBehind(machine: MachinePort, id: AgentId | EffectId): Promise<Entry | undefined> {
  const [recorded] = await machine.read(placeOf(id).position - 1, { limit: 1 });
  return recorded?.entry;
}

async function toolOf(machine: MachinePort, effect: EffectId): Promise<string | null> {
  const operation = (await entryBehind(machine, effect))?.operation;
  return operation?.type === "effect.request" ? operation.tool : null;
}

async function nameOf(machine: MachinePort, agent: AgentId): Promise<string | undefined> {
  const outcome = (await entryBehind(machine, agent))?.outcome;
  if (outcome === undefined || !("events" in outcome)) return undefined;
  for (const event of outcome.events) if (event.type === "agent.spawned" && event.agent === agent) return event.name;
  return undefined;
}
