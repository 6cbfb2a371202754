/**
 * What the log says of effects that changed something: which they were, in the order in which their changes reached the tree, and which
 * of them were undone.
 */
import {
  partsOf,
  placeOf,
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
export type LogReader = Pick<MachinePort, "find" | "read" | "payload" | "view">;

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
  /** The agents that these effects were for. */
  readonly agents: ReadonlyMap<AgentId, KnownAgent>;
}

/**
 * Reads the history of changes out of the log: only the entries that tell of one, and those that they name.
 *
 * @param log - of the vault
 * @param after - position to begin behind; effects that were requested before it are not found
 * @returns what was changed up to the head
 */
export async function readHistory(log: LogReader, after: number): Promise<ChangeHistory> {
  const settled: SettledEffect[] = [];
  const undos: AskedEffect[] = [];
  for (let at = after; ;) {
    const page = await log.find({ changes: true }, { after: at, limit: pageEntries });
    for (const recorded of page) {
      at = recorded.entry.position;
      for (const part of partsOf(recorded.entry)) {
        const effect = await settledIn(part, { recorded, log, after });
        if (effect !== undefined) settled.push(effect);
        undos.push(...undosIn(part, recorded));
      }
    }
    if (page.length === 0) break;
  }
  const known = new Set(settled.map(({ id }) => id));
  for (const undo of undos) {
    const idle = known.has(undo.id) ? undefined : await idleUndo(undo, log);
    if (idle !== undefined) settled.push(idle);
  }
  const effects = new Map(
    settled.toSorted((left, right) => left.position - right.position).map((effect) => [effect.id, effect]),
  );
  return { effects, undoneBy: findUndone(effects), agents: await agentsOf(effects.values(), log) };
}

type Part = ReturnType<typeof partsOf>[number];

/** An effect as it was requested. */
type AskedEffect = Pick<SettledEffect, "id" | "request" | "asked" | "requested">;

/** @returns the effect that a part of an entry settles, if it changed something or undid, and was requested behind `after` */
async function settledIn(
  { operation, events }: Part,
  from: { readonly recorded: RecordedEntry; readonly log: LogReader; readonly after: number },
): Promise<SettledEffect | undefined> {
  const { recorded, log, after } = from;
  if (operation.type !== "effect.settle") return undefined;
  const { outcome, changes } = operation;
  if (changes === null && outcome !== "succeeded") return undefined;
  const event = events.find((one) => one.type === "effect.settled");
  if (event === undefined || placeOf(event.effect).position <= after) return undefined;
  const request = await requestOf(event.effect, log);
  if (request === undefined || (changes === null && request.request.kind !== "undo")) return undefined;
  const { position, stamp } = recorded.entry;
  return { ...request, position, timeMs: stamp.timeMs, outcome, changes };
}

async function requestOf(effect: EffectId, log: LogReader): Promise<AskedEffect | undefined> {
  const [recorded] = await log.read(placeOf(effect).position - 1, { limit: 1 });
  if (recorded === undefined) return undefined;
  return partsOf(recorded.entry)
    .flatMap((part) => askedIn(part, recorded))
    .find(({ id }) => id === effect);
}

function undosIn(part: Part, recorded: RecordedEntry): readonly AskedEffect[] {
  return askedIn(part, recorded).filter(({ request }) => request.kind === "undo");
}

function askedIn({ operation, events }: Part, { entry }: RecordedEntry): readonly AskedEffect[] {
  if (operation.type !== "effect.request") return [];
  const { principal, grant } = entry.stamp;
  return events.flatMap((event) =>
    event.type === "effect.requested"
      ? [{ id: event.effect, request: operation, asked: { principal, grant }, requested: entry.position }]
      : [],
  );
}

/** An undo that found everything in place changed nothing, and counts all the same; one that was refused does not. */
async function idleUndo(undo: AskedEffect, log: LogReader): Promise<SettledEffect | undefined> {
  const live = await log.view((state) => state.effects.has(undo.id));
  // It is settled soon after it was asked for: what lies between is as much as was done meanwhile.
  for (let at = undo.requested; !live;) {
    const page = await log.find({ kind: "effect.settle" }, { after: at, limit: pageEntries });
    for (const { entry } of page) {
      at = entry.position;
      const { operation, outcome, stamp } = entry;
      if (operation.type !== "effect.settle" || operation.effect !== undo.id || !("events" in outcome)) continue;
      if (operation.outcome !== "succeeded") return undefined;
      return { ...undo, position: at, timeMs: stamp.timeMs, outcome: operation.outcome, changes: null };
    }
    if (page.length === 0) return undefined;
  }
  return undefined;
}

/** The agents that effects were requested for, by the entries that spawned them. */
async function agentsOf(effects: Iterable<SettledEffect>, log: LogReader): Promise<ReadonlyMap<AgentId, KnownAgent>> {
  const agents = new Map<AgentId, KnownAgent>();
  for (const { request } of effects) {
    const id = request.agent;
    if (id === null || agents.has(id)) continue;
    const [recorded] = await log.read(placeOf(id).position - 1, { limit: 1 });
    const known = recorded === undefined ? undefined : spawnedIn(recorded, id);
    if (known !== undefined) agents.set(id, known);
  }
  return agents;
}

function spawnedIn({ entry }: RecordedEntry, id: AgentId): KnownAgent | undefined {
  for (const { operation, events } of partsOf(entry)) {
    const event = events.find((one) => one.type === "agent.spawned" && one.agent === id);
    if (event?.type === "agent.spawned" && operation.type === "agent.spawn")
      return { id, name: event.name, session: operation.session };
  }
  return undefined;
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
