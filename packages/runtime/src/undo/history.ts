/**
 * What the log says of effects that changed something: which they were, in the order in which their changes reached the tree, and which
 * of them were undone.
 */
import {
  partsOf,
  type AgentId,
  type Content,
  type EffectId,
  type EffectOutcome,
  type EffectRequest,
  type MachinePort,
  type RecordedEntry,
  type SessionId,
  type Stamp,
} from "@toka/kernel";

/** What reading back needs of the log. */
export type LogReader = Pick<MachinePort, "read" | "payload" | "view">;

/** Entries read at once. */
const pageEntries = 1000;

/** An effect that is settled, and changed something or undid something. */
export interface SettledEffect {
  readonly id: EffectId;
  readonly request: EffectRequest;
  /** Who asked, and under which grant. */
  readonly asked: Pick<Stamp, "principal" | "grant">;
  /** Position of the request. */
  readonly requested: number;
  /** Position of the settlement, which is the order in which changes reach the tree. */
  readonly position: number;
  /** Time of the settlement, ms since 1970. */
  readonly timeMs: number;
  readonly outcome: EffectOutcome;
  /** The list of its changes; null when it changed nothing. */
  readonly changes: Content | null;
}

/** An agent as it was spawned. */
export interface KnownAgent {
  readonly id: AgentId;
  readonly name: string;
  readonly session: SessionId | null;
}

/** What was changed, and what was undone. */
export interface ChangeHistory {
  /** In the order of their settlements. */
  readonly effects: ReadonlyMap<EffectId, SettledEffect>;
  /** The undo under which each undone effect lies; an undo that was undone itself leaves no trace here. */
  readonly undoneBy: ReadonlyMap<EffectId, SettledEffect>;
  /** Agents that were spawned in what was read. */
  readonly agents: ReadonlyMap<AgentId, KnownAgent>;
}

/**
 * Reads the history of changes out of the log.
 *
 * @param log - of the vault
 * @param after - position to begin behind; effects that were requested before it are not found
 * @returns what was changed up to the head
 */
export async function readHistory(log: LogReader, after: number): Promise<ChangeHistory> {
  const head = await log.view((state) => state.head.position);
  const reading: Reading = { requested: new Map(), effects: new Map(), agents: new Map() };
  for (let at = after; at < head;) {
    const page = await log.read(at, { limit: Math.min(pageEntries, head - at) });
    if (page.length === 0) break;
    for (const recorded of page) {
      at = recorded.entry.position;
      for (const part of partsOf(recorded.entry)) note(reading, part, recorded);
    }
  }
  return { effects: reading.effects, undoneBy: findUndone(reading.effects), agents: reading.agents };
}

interface Reading {
  readonly requested: Map<EffectId, Pick<SettledEffect, "request" | "asked" | "requested">>;
  readonly effects: Map<EffectId, SettledEffect>;
  readonly agents: Map<AgentId, KnownAgent>;
}

function note(
  reading: Reading,
  { operation, events }: ReturnType<typeof partsOf>[number],
  { entry }: RecordedEntry,
): void {
  const { stamp, position } = entry;
  for (const event of events) {
    if (event.type === "effect.requested" && operation.type === "effect.request") {
      const asked = { principal: stamp.principal, grant: stamp.grant };
      reading.requested.set(event.effect, { request: operation, asked, requested: position });
    }
    if (event.type === "agent.spawned" && operation.type === "agent.spawn") {
      reading.agents.set(event.agent, { id: event.agent, name: event.name, session: operation.session });
    }
    if (event.type === "effect.abandoned") reading.requested.delete(event.effect);
    if (event.type !== "effect.settled" || operation.type !== "effect.settle") continue;
    const known = reading.requested.get(event.effect);
    reading.requested.delete(event.effect);
    const { outcome, changes } = operation;
    // An undo that found everything in place changed nothing, and counts all the same; one that was refused does not.
    const undid = known?.request.kind === "undo" && outcome === "succeeded";
    if (known === undefined || (changes === null && !undid)) continue;
    reading.effects.set(event.effect, {
      ...known,
      id: event.effect,
      position,
      timeMs: stamp.timeMs,
      outcome,
      changes,
    });
  }
}

/** From the newest undo to the oldest, since only a later one can have taken back an earlier one. */
function findUndone(effects: ReadonlyMap<EffectId, SettledEffect>): ReadonlyMap<EffectId, SettledEffect> {
  const undone = new Map<EffectId, SettledEffect>();
  for (const undo of [...effects.values()].toReversed()) {
    if (undo.outcome !== "succeeded" || undone.has(undo.id)) continue;
    for (const id of undo.request.undoes ?? []) if (!undone.has(id)) undone.set(id, undo);
  }
  return undone;
}
