/**
 * Traces: by what an entry is found. Whom it concerns, to which sessions it belongs, what is asked for in it, and which
 * entries led to it.
 *
 * An entry concerns an agent that made it, that it is about, or for whom something was made that it names: a grant, a budget,
 * a run, a task, an effect. Which agent that was, the entry says that made the thing, and its position stands in the id.
 */
import { ownersMax } from "./limits.ts";
import type { LogFilter, LogRow } from "./log.ts";

/** What is needed of a row. Without `bytes` it names nothing but what its columns say, and no causes. */
export interface TracedRow extends Pick<LogRow, "position" | "kind" | "principal" | "agent" | "session"> {
  readonly bytes: string | null;
}

/** By what one entry is found. */
export interface EntryTraces {
  /** Ids of the agents that it concerns, and their names. */
  readonly agents: readonly string[];
  readonly sessions: readonly string[];
  /** Types of its operation and, of a batch, of those in it. */
  readonly kinds: readonly string[];
  /** Positions of the entries that led to it. */
  readonly causes: readonly number[];
}

interface Spawned {
  /** What people call it; null where that looks like an id, and another might be meant. */
  readonly name: string | null;
  readonly session: string | null;
}

const ownedFields = ["agent", "principal", "grant", "budget", "run", "task", "effect"] as const;
const ownedId = /"((?:agent|principal|grant|budget|run|task|effect)-[1-9][0-9]{0,15}-[0-9]{1,6})"/gu;
const idLike = /^[a-z]+-[0-9]+(?:-[0-9]+)?$/u;
const causesKey = '"causes":[';

/** Finds the traces of entries, in any order when it can look texts up, and else in the order of the log. */
export class Traces {
  readonly #textAt: ((position: number) => string | undefined) | undefined;
  readonly #owners = new Map<string, string | null>();
  readonly #spawned = new Map<string, Spawned>();

  /** @param textAt the text of an entry; absent where each is given to `learn` before a later one is asked about */
  constructor(textAt?: (position: number) => string | undefined) {
    this.#textAt = textAt;
  }

  /**
   * The traces of an entry.
   *
   * @param row the entry
   * @returns what it is found by
   */
  of(row: TracedRow): EntryTraces {
    const { agent, kind, principal, bytes, session } = row;
    const asker = this.#ownerOf(principal);
    const causes = bytes === null ? noCauses : causesIn(bytes);
    // Most entries are about one agent, and asked for by itself or by nobody who is one.
    if (agent !== null && kind !== "batch" && (asker === null || asker === agent)) {
      const spawned = this.#spawnedAs(agent);
      if (spawned === undefined || session === null || session === spawned.session) {
        const name = spawned?.name ?? null;
        const agents = name === null || name === agent ? [agent] : [agent, name];
        const of = session ?? spawned?.session ?? null;
        return { agents, sessions: of === null ? noSessions : [of], kinds: [kind], causes };
      }
    }
    return { ...this.#ofMany(row, asker), causes };
  }

  #ofMany(
    { agent, kind, bytes, session }: TracedRow,
    asker: string | null,
  ): Pick<EntryTraces, "agents" | "sessions" | "kinds"> {
    const agents = new Set<string>();
    if (agent !== null) agents.add(agent);
    if (asker !== null) agents.add(asker);
    // Where the columns name one agent and there is one operation, that is whom it is about.
    if (bytes !== null && (agent === null || kind === "batch"))
      for (const [, id = ""] of bytes.matchAll(ownedId)) {
        const owner = this.#ownerOf(id);
        if (owner !== null) agents.add(owner);
      }
    const sessions = new Set<string>();
    if (session !== null) sessions.add(session);
    for (const one of [...agents]) {
      const spawned = this.#spawnedAs(one);
      if (spawned === undefined) continue;
      if (spawned.name !== null) agents.add(spawned.name);
      if (spawned.session !== null) sessions.add(spawned.session);
    }
    const kinds = kind === "batch" && bytes !== null ? [...new Set([kind, ...kindsIn(bytes)])] : [kind];
    return { agents: [...agents], sessions: [...sessions], kinds };
  }

  /**
   * Whether an entry passes a filter, but for what it tells of changes.
   *
   * @returns true when every other field that the filter gives holds
   */
  pass(row: TracedRow, filter: LogFilter): boolean {
    return passTraces(this.of(row), filter);
  }

  /**
   * What has to be learnt before the traces of an entry are known to somebody who looks nothing up.
   *
   * @returns positions of entries
   */
  missing({ agent, kind, principal, bytes }: TracedRow): readonly number[] {
    const named = [principal, ...(agent === null ? [] : [agent])];
    if (bytes !== null && (agent === null || kind === "batch"))
      for (const [, id = ""] of bytes.matchAll(ownedId)) named.push(id);
    const owners = named.map((id) => this.#owners.get(id) ?? id).filter((id) => id.startsWith("agent-"));
    const unknown = [
      ...named.filter((id) => !this.#owners.has(id)),
      ...owners.filter((id) => !this.#spawned.has(id) && this.#owners.get(id) !== null),
    ];
    return [...new Set(unknown.flatMap((id) => positionOf(id) ?? []))];
  }

  /**
   * Learns what an entry made and for whom.
   *
   * @param position of the entry
   * @param text its bytes
   */
  learn(position: number, text: string): void {
    // Only what it made itself carries its position.
    if (!text.includes(`-${position}-`)) return;
    for (const event of eventsIn(text)) {
      const { agent } = event;
      if (typeof agent !== "string") continue;
      for (const field of ownedFields) {
        const id = event[field];
        if (typeof id === "string" && positionOf(id) === position) this.#owners.set(id, agent);
      }
      if (event["type"] !== "agent.spawned") continue;
      const { name, session } = event;
      this.#spawned.set(agent, {
        name: typeof name === "string" && !idLike.test(name) ? name : null,
        session: typeof session === "string" ? session : null,
      });
    }
  }

  #ownerOf(id: string): string | null {
    const known = this.#owners.get(id);
    if (known !== undefined) return known;
    this.#lookUp(id);
    const found = this.#owners.get(id) ?? null;
    this.#owners.set(ownText(id), found);
    return found;
  }

  #spawnedAs(agent: string): Spawned | undefined {
    if (!this.#spawned.has(agent)) this.#lookUp(agent);
    return this.#spawned.get(agent);
  }

  #lookUp(id: string): void {
    if (this.#textAt === undefined) return;
    // What is forgotten is looked up again.
    if (this.#owners.size > ownersMax) this.#owners.clear();
    if (this.#spawned.size > ownersMax) this.#spawned.clear();
    const position = positionOf(id);
    const text = position === undefined ? undefined : this.#textAt(position);
    if (position !== undefined && text !== undefined) this.learn(position, text);
  }
}

/**
 * Whether traces pass a filter, but for what an entry tells of changes.
 *
 * @returns true when every other field that the filter gives holds
 */
export function passTraces(traces: EntryTraces, { agent, session, kind, cause }: LogFilter): boolean {
  return (
    (agent === undefined || traces.agents.includes(agent)) &&
    (session === undefined || traces.sessions.includes(session)) &&
    (kind === undefined || traces.kinds.some((one) => isOfKind(one, kind))) &&
    (cause === undefined || traces.causes.includes(cause))
  );
}

/** An operation is of a type, such as `effect.request`, or of an area, such as `effect.*`. */
function isOfKind(type: string, kind: string): boolean {
  return type === kind || (kind.endsWith(".*") && type.startsWith(kind.slice(0, -1)));
}

const noSessions: readonly string[] = [];
const noCauses: readonly number[] = [];

/** A piece of a text keeps the whole of it in memory; this is the piece alone. */
function ownText(piece: string): string {
  return Buffer.from(piece, "latin1").toString("latin1");
}

function positionOf(id: string): number | undefined {
  const [, position, index] = id.split("-");
  const at = Number(position);
  return index !== undefined && Number.isSafeInteger(at) && at > 0 ? at : undefined;
}

/** They stand before anything that a caller wrote. */
function causesIn(text: string): readonly number[] {
  const from = text.indexOf(causesKey);
  if (from < 0) return [];
  const list = text.slice(from + causesKey.length, text.indexOf("]", from));
  return list === "" ? [] : list.split(",").map(Number).filter(Number.isSafeInteger);
}

type Fields = { readonly [field: string]: unknown };

function eventsIn(text: string): readonly Fields[] {
  const { outcome } = fieldsIn(text);
  return isFields(outcome) ? listIn(outcome["events"]) : [];
}

function kindsIn(text: string): readonly string[] {
  const { operation } = fieldsIn(text);
  const parts = isFields(operation) ? listIn(operation["operations"]) : [];
  return parts.flatMap(({ type }) => (typeof type === "string" ? [type] : []));
}

/** A text that is no JSON is damage, which whoever reads the entry is told of. */
function fieldsIn(text: string): Fields {
  try {
    const value: unknown = JSON.parse(text);
    return isFields(value) ? value : {};
  } catch {
    return {};
  }
}

function listIn(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? value.filter(isFields) : [];
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null;
}
