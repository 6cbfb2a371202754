/**
 * What brings the lookup index after the log: a slice at a time, on whatever thread has the time for it.
 *
 * How far the index has come stands in the index alone and is read in the transaction that moves it, so that two who
 * follow at once do no work twice.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { changeKinds, tellsOfChanges } from "../../changes-mark.ts";
import { changesTold, lookupFields, payloadKey } from "./lookups.ts";
import type { LookupField } from "./postings.ts";
import { Traces } from "../../traces.ts";
import { integer, listsOf, text, type SqliteList } from "./rows.ts";

/** How far the index has come: the last entry and the last payload in it, and whether the log had no more. */
export interface Followed {
  readonly position: number;
  readonly payloadId: number;
  readonly atEnd: boolean;
}

/** The text is read where the columns alone do not say by what an entry is found. */
const entriesSql = `SELECT position, kind, principal, agent, session,
  CASE WHEN agent IS NULL OR kind IN (${changeKinds.map((kind) => `'${kind}'`).join(", ")})
    OR instr(substr(bytes, 1, 320), '"causes":[]') = 0 THEN bytes END
  FROM main.entries WHERE position > ? ORDER BY position LIMIT ?`;

/**
 * What finds the traces of a log's entries.
 *
 * @param log a connection to the log, joined with the beginning that it shares
 * @returns it
 */
export function tracesOver(log: DatabaseSync): Traces {
  const textOf = log.prepare("SELECT bytes FROM entries WHERE position = ?");
  return new Traces((position) => {
    const bytes = textOf.get(position)?.["bytes"];
    return typeof bytes === "string" ? bytes : undefined;
  });
}

/** Follows one log with one index. */
export class LookupFollower {
  readonly #index: DatabaseSync;
  readonly #entries: StatementSync;
  readonly #payloads: StatementSync;
  readonly #digest: StatementSync;
  readonly #mark: StatementSync;
  readonly #setMark: StatementSync;
  readonly #traces: Traces;
  readonly #addPosting: StatementSync;
  readonly #addCause: StatementSync;
  readonly #addKey: StatementSync;

  /**
   * @param clients `index`: a connection to `lookup.db`, whose tables exist and fit; `log`: one to the log
   */
  constructor({ index, log }: { readonly index: DatabaseSync; readonly log: DatabaseSync }) {
    this.#index = index;
    this.#entries = log.prepare(entriesSql);
    this.#traces = tracesOver(log);
    this.#payloads = log.prepare("SELECT id, commitment FROM payloads WHERE id > ? ORDER BY id LIMIT ?");
    for (const statement of [this.#entries, this.#payloads]) statement.setReturnArrays(true);
    this.#digest = log.prepare("SELECT digest FROM main.entries WHERE position = ?");
    this.#mark = index.prepare("SELECT at FROM marks WHERE name = ?");
    this.#setMark = index.prepare("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)");
    this.#addPosting = index.prepare("INSERT OR IGNORE INTO postings VALUES (?, ?, ?, ?)");
    this.#addCause = index.prepare("INSERT OR IGNORE INTO causes VALUES (?, ?)");
    this.#addKey = index.prepare("INSERT OR IGNORE INTO payload_keys VALUES (?, ?)");
  }

  /**
   * Follows the log by up to `limit` entries and as many payloads.
   *
   * @returns how far the index has come
   * @throws SQLite's error; the index is then as it was
   */
  advance(limit: number): Followed {
    this.#index.exec("BEGIN IMMEDIATE");
    try {
      const followed = this.#slice(limit);
      this.#index.exec("COMMIT");
      return followed;
    } catch (thrown) {
      if (this.#index.isTransaction) this.#index.exec("ROLLBACK");
      throw thrown;
    }
  }

  #slice(limit: number): Followed {
    const entries = listsOf(this.#entries, { after: this.#at("entries"), limit });
    const payloads = listsOf(this.#payloads, { after: this.#at("payloads"), limit });
    const { postings, causes } = found(entries, this.#traces);
    for (const { field, value, first, positions } of postings) this.#addPosting.run(field, value, first, positions);
    for (const [cause, position] of causes) this.#addCause.run(cause, position);
    for (const [key, id] of payloadKeysOf(payloads)) this.#addKey.run(key, id);
    const last = entries.at(-1)?.[0];
    if (last !== undefined) this.#setMark.run("entries", last, text(this.#digest.get(last) ?? {}, "digest"));
    const [lastPayload, commitment] = payloads.at(-1) ?? [];
    if (lastPayload !== undefined && commitment !== undefined) this.#setMark.run("payloads", lastPayload, commitment);
    return {
      position: this.#at("entries"),
      payloadId: this.#at("payloads"),
      atEnd: entries.length < limit && payloads.length < limit,
    };
  }

  #at(name: "entries" | "payloads"): number {
    const row = this.#mark.get(name);
    return row === undefined ? 0 : integer(row, "at");
  }
}

/** Positions that one slice of the log adds for one value of one field. */
interface Posting {
  readonly field: LookupField;
  readonly value: string;
  readonly first: number;
  /** A JSON list, ascending. */
  readonly positions: string;
}

/** One row for each value that occurs in the slice, not one for each entry: most entries are about few agents. */
function found(
  entries: readonly SqliteList[],
  traces: Traces,
): { readonly postings: readonly Posting[]; readonly causes: readonly (readonly [number, number])[] } {
  const byField = new Map(lookupFields.map((field) => [field, new Map<string, number[]>()]));
  const causes: (readonly [number, number])[] = [];
  for (const [position, kind, principal, agent, session, bytes] of entries) {
    // A value of another type is damage, which whoever reads the row is told of.
    if (typeof position !== "number" || typeof kind !== "string") continue;
    const row = {
      position,
      kind,
      principal: textOr(principal, ""),
      agent: textOr(agent, null),
      session: textOr(session, null),
    };
    const of = traces.of({ ...row, bytes: textOr(bytes, null) });
    const told = tellsOfChanges({ kind, bytes }) ? [changesTold] : [];
    const values = { agent: of.agents, changes: told, kind: of.kinds, session: of.sessions };
    for (const [field, byValue] of byField)
      for (const value of values[field]) {
        const positions = byValue.get(value);
        if (positions === undefined) byValue.set(value, [position]);
        else positions.push(position);
      }
    for (const cause of of.causes) causes.push([cause, position]);
  }
  const postings = [...byField].flatMap(([field, byValue]) =>
    [...byValue].map(([value, positions]) => {
      return { field, value, first: positions[0] ?? 0, positions: JSON.stringify(positions) };
    }),
  );
  return { postings, causes };
}

function textOr<Other>(value: unknown, other: Other): string | Other {
  return typeof value === "string" ? value : other;
}

/** In the order of the index: neighbours go into the same page. */
function payloadKeysOf(payloads: readonly SqliteList[]): readonly (readonly [number, number])[] {
  const keys: [number, number][] = [];
  for (const [id, commitment] of payloads)
    if (typeof id === "number" && typeof commitment === "string") keys.push([payloadKey(commitment), id]);
  return keys.toSorted((left, right) => left[0] - right[0]);
}
