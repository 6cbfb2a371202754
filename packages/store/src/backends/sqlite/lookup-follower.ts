/**
 * What brings the lookup index after the log: a slice at a time, on whatever thread has the time for it.
 *
 * How far the index has come stands in the index alone and is read in the transaction that moves it, so that two who
 * follow at once do no work twice.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { lookupFields, payloadKey, type LookupField } from "./lookups.ts";
import { integer, text, type SqliteRow } from "./rows.ts";

/** How far the index has come: the last entry and the last payload in it, and whether the log had no more. */
export interface Followed {
  readonly position: number;
  readonly payloadId: number;
  readonly atEnd: boolean;
}

/** Follows one log with one index. */
export class LookupFollower {
  readonly #index: DatabaseSync;
  readonly #entries: StatementSync;
  readonly #payloads: StatementSync;
  readonly #mark: StatementSync;
  readonly #setMark: StatementSync;
  readonly #addPosting: StatementSync;
  readonly #addKey: StatementSync;

  /**
   * @param clients `index`: a connection to `lookup.db`, whose tables exist and fit; `log`: one to the log
   */
  constructor({ index, log }: { readonly index: DatabaseSync; readonly log: DatabaseSync }) {
    this.#index = index;
    this.#entries = log.prepare(
      "SELECT position, agent, session, kind, digest FROM entries WHERE position > ? ORDER BY position LIMIT ?",
    );
    this.#payloads = log.prepare("SELECT id, commitment FROM payloads WHERE id > ? ORDER BY id LIMIT ?");
    this.#mark = index.prepare("SELECT at FROM marks WHERE name = ?");
    this.#setMark = index.prepare("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)");
    this.#addPosting = index.prepare("INSERT OR IGNORE INTO postings VALUES (?, ?, ?, ?)");
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
    const from = { position: this.#at("entries"), payloadId: this.#at("payloads") };
    const entries = this.#entries.all(from.position, limit);
    const payloads = this.#payloads.all(from.payloadId, limit);
    for (const { field, value, first, positions } of postingsOf(entries))
      this.#addPosting.run(field, value, first, positions);
    for (const [key, id] of payloadKeysOf(payloads)) this.#addKey.run(key, id);
    return {
      position: this.#marked("entries", { last: entries.at(-1), at: "position", digest: "digest" }) ?? from.position,
      payloadId: this.#marked("payloads", { last: payloads.at(-1), at: "id", digest: "commitment" }) ?? from.payloadId,
      atEnd: entries.length < limit && payloads.length < limit,
    };
  }

  #at(name: "entries" | "payloads"): number {
    const row = this.#mark.get(name);
    return row === undefined ? 0 : integer(row, "at");
  }

  #marked(
    name: "entries" | "payloads",
    { last, at, digest }: { readonly last: SqliteRow | undefined; readonly at: string; readonly digest: string },
  ): number | undefined {
    if (last === undefined) return undefined;
    const reached = integer(last, at);
    this.#setMark.run(name, reached, text(last, digest));
    return reached;
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
function postingsOf(entries: readonly SqliteRow[]): readonly Posting[] {
  return lookupFields.flatMap((field) => {
    const byValue = new Map<string, number[]>();
    for (const row of entries) {
      if (row[field] === null) continue;
      const value = text(row, field);
      const positions = byValue.get(value);
      if (positions === undefined) byValue.set(value, [integer(row, "position")]);
      else positions.push(integer(row, "position"));
    }
    return [...byValue].map(([value, positions]) => ({
      field,
      value,
      first: positions[0] ?? 0,
      positions: JSON.stringify(positions),
    }));
  });
}

/** In the order of the index: neighbours go into the same page. */
function payloadKeysOf(payloads: readonly SqliteRow[]): readonly (readonly [number, number])[] {
  return payloads
    .map((row): [number, number] => [payloadKey(text(row, "commitment")), integer(row, "id")])
    .toSorted((left, right) => left[0] - right[0]);
}
