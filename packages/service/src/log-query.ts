/**
 * Reads the log for a person: by operation, by agent, and on and on when following.
 */
import type { Entry, MachinePort, RecordedEntry } from "@toka/kernel";

import type { LogQuery } from "./api.ts";

/** Entries read at once. */
const pageEntries = 1000;

/**
 * Reads entries.
 *
 * @param machine - of the vault
 * @param options - which entries, and what ends a follow
 * @returns the entries in order; ends at the head that was there at the start unless following
 */
export async function* queryLog(
  machine: MachinePort,
  options: { readonly query: LogQuery; readonly signal: AbortSignal },
): AsyncIterable<RecordedEntry> {
  const { query, signal } = options;
  const wanted = createFilter(query);
  const head = await machine.view((state) => state.head.position);
  // An agent's ids are learned from the entry that spawned it, which may stand before the first entry asked for.
  let after = query.agent === null ? Math.min(query.after, head) : 0;
  while (after < head && !signal.aborted) {
    const page = await machine.read(after, { limit: Math.min(pageEntries, head - after) });
    for (const recorded of page) {
      after = recorded.entry.position;
      if (wanted(recorded.entry) && after > query.after) yield recorded;
    }
    if (page.length === 0) return;
  }
  if (!query.follow) return;
  for await (const recorded of machine.watch(Math.max(after, query.after), { signal })) {
    if (wanted(recorded.entry)) yield recorded;
  }
}

function createFilter({ kind, agent }: LogQuery): (entry: Entry) => boolean {
  const concerns = agent === null ? () => true : createAgentFilter(agent);
  return (entry) => {
    // The agent filter learns ids from every entry, so it is always asked.
    const about = concerns(entry);
    return about && (kind === null || operationsOf(entry).some((type) => isOfKind(type, kind)));
  };
}

/**
 * The operations of an entry, those inside a batch included.
 *
 * @param entry - any
 * @returns types such as `effect.request`
 */
export function operationsOf(entry: Entry): readonly string[] {
  const { operation } = entry;
  return operation.type === "batch"
    ? [operation.type, ...operation.operations.map((one) => one.type)]
    : [operation.type];
}

function isOfKind(type: string, kind: string): boolean {
  const area = kind.endsWith(".*") ? kind.slice(0, -2) : kind;
  return type === kind || type.startsWith(`${area}.`);
}

/**
 * An entry concerns an agent when it names one of the agent's ids anywhere: the agent itself, its principal, its grant, its
 * budget, and the runs, tasks and effects that were made for it.
 */
function createAgentFilter(agent: string): (entry: Entry) => boolean {
  const ids = new Set<string>();
  return (entry) => {
    const events = "events" in entry.outcome ? entry.outcome.events : [];
    for (const event of events) {
      if (event.type === "agent.spawned" && (event.name === agent || event.agent === agent)) {
        for (const id of [event.agent, event.principal, event.grant, event.budget]) ids.add(id);
      }
    }
    if (!namesIn(entry).some((name) => ids.has(name))) return false;
    for (const event of events) {
      if (!("agent" in event) || event.agent === null || !ids.has(event.agent)) continue;
      for (const field of ["run", "task", "effect"] as const) {
        const id: unknown = Reflect.get(event, field);
        if (typeof id === "string") ids.add(id);
      }
    }
    return true;
  };
}

/** Every string that an entry holds in its stamp, operation and outcome. */
function namesIn(entry: Entry): readonly string[] {
  const found: string[] = [];
  const visit = (value: unknown): void => {
    if (typeof value === "string") found.push(value);
    else if (Array.isArray(value)) value.forEach(visit);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(visit);
  };
  visit(entry.stamp.principal);
  visit(entry.operation);
  visit(entry.outcome);
  return found;
}
