/**
 * How rows are found by agent, session or kind, and payloads by commitment: `lookup.db`, beside the log.
 *
 * An index over random keys costs a page of the write-ahead log for every key, which halves durable appends. So it
 * stands in a file of its own that is never synced, follows the log in slices, and is thrown away and rebuilt from the
 * log when it does not fit. Nothing in it is believed: a row found by it is compared with what was asked for.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { integer, text, type SqliteRow } from "./rows.ts";

const schema = `
CREATE TABLE IF NOT EXISTS lookups (
  field TEXT NOT NULL, value TEXT NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (field, value, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payload_ids (commitment TEXT PRIMARY KEY, id INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, at INTEGER NOT NULL, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Fields by which entries are found. */
export type LookupField = "agent" | "session" | "kind";

/** The lookup index of one log. It lags behind; `behind` says how far and `advance` follows. */
export class Lookups {
  readonly #index: DatabaseSync;
  readonly #log: DatabaseSync;
  readonly #recentPayloads = new Map<string, number>();
  readonly #addLookup: StatementSync;
  readonly #addPayload: StatementSync;
  readonly #setMark: StatementSync;
  readonly #findPayload: StatementSync;
  #position: number;
  #payloadId: number;

  /**
   * @param clients `index`: a connection to `lookup.db`, which may be empty or belong to another log; `log`: the log's own
   */
  constructor(clients: { readonly index: DatabaseSync; readonly log: DatabaseSync }) {
    this.#index = clients.index;
    this.#log = clients.log;
    this.#index.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000");
    this.#index.exec(schema);
    this.#clearUnlessFitting();
    this.#position = this.#mark("entries");
    this.#payloadId = this.#mark("payloads");
    this.#addLookup = this.#index.prepare("INSERT OR IGNORE INTO lookups VALUES (?, ?, ?)");
    this.#addPayload = this.#index.prepare("INSERT OR IGNORE INTO payload_ids VALUES (?, ?)");
    this.#setMark = this.#index.prepare("INSERT OR REPLACE INTO marks VALUES (?, ?, ?)");
    this.#findPayload = this.#index.prepare("SELECT id FROM payload_ids WHERE commitment = ?");
    for (const row of this.#log.prepare("SELECT id, commitment FROM payloads WHERE id > ?").iterate(this.#payloadId))
      this.#recentPayloads.set(text(row, "commitment"), integer(row, "id"));
  }

  /** Remembers a payload that the log has just made durable. */
  notePayload(commitment: string, id: number): void {
    this.#recentPayloads.set(commitment, id);
  }

  /**
   * Rows of the log not yet in the index, entries and payloads together.
   *
   * @param position the log's head
   */
  behind(position: number): number {
    return position - this.#position + this.#recentPayloads.size;
  }

  /**
   * Follows the log by up to `limit` entries and as many payloads.
   *
   * @returns whether the index has reached the end of the log
   */
  advance(limit: number): boolean {
    const entries = this.#log
      .prepare(
        "SELECT position, agent, session, kind, digest FROM entries WHERE position > ? ORDER BY position LIMIT ?",
      )
      .all(this.#position, limit);
    const payloads = this.#log
      .prepare("SELECT id, commitment FROM payloads WHERE id > ? ORDER BY id LIMIT ?")
      .all(this.#payloadId, limit);
    if (entries.length === 0 && payloads.length === 0) return true;
    this.#index.exec("BEGIN IMMEDIATE");
    try {
      for (const [field, value, position] of lookupsOf(entries)) this.#addLookup.run(field, value, position);
      for (const [commitment, id] of payloadIdsOf(payloads)) this.#addPayload.run(commitment, id);
      const lastEntry = entries.at(-1);
      const lastPayload = payloads.at(-1);
      if (lastEntry !== undefined)
        this.#setMark.run("entries", integer(lastEntry, "position"), text(lastEntry, "digest"));
      if (lastPayload !== undefined)
        this.#setMark.run("payloads", integer(lastPayload, "id"), text(lastPayload, "commitment"));
      this.#index.exec("COMMIT");
      if (lastEntry !== undefined) this.#position = integer(lastEntry, "position");
      if (lastPayload !== undefined) this.#payloadId = integer(lastPayload, "id");
    } catch (thrown) {
      if (this.#index.isTransaction) this.#index.exec("ROLLBACK");
      throw thrown;
    }
    for (const row of payloads) this.#recentPayloads.delete(text(row, "commitment"));
    return entries.length < limit && payloads.length < limit;
  }

  /**
   * Positions at which a field has a value, after a position, in order. The index must have been advanced to the end.
   *
   * @returns at most `page.limit` positions
   */
  positions(
    field: LookupField,
    { value, after, limit }: { readonly value: string; readonly after: number; readonly limit: number },
  ): readonly number[] {
    return this.#index
      .prepare("SELECT position FROM lookups WHERE field = ? AND value = ? AND position > ? ORDER BY position LIMIT ?")
      .all(field, value, after, limit)
      .map((row) => integer(row, "position"));
  }

  /**
   * The row of `payloads` that holds a commitment.
   *
   * @returns its id, or undefined when the log has none
   */
  payloadId(commitment: string): number | undefined {
    const recent = this.#recentPayloads.get(commitment);
    if (recent !== undefined) return recent;
    const row = this.#findPayload.get(commitment);
    return row === undefined ? undefined : integer(row, "id");
  }

  /** Closes the connection to the index; the log's own stays. */
  close(): void {
    this.#index.close();
  }

  #mark(name: "entries" | "payloads"): number {
    const row = this.#index.prepare("SELECT at FROM marks WHERE name = ?").get(name);
    return row === undefined ? 0 : integer(row, "at");
  }

  /** An index that follows another log, or a log that was cut, names a row that is not there or is another. */
  #clearUnlessFitting(): void {
    const marks = this.#index.prepare("SELECT name, at, digest FROM marks").all();
    const fits = marks.every((mark) => {
      const sql =
        mark["name"] === "entries"
          ? "SELECT digest AS found FROM entries WHERE position = ?"
          : "SELECT commitment AS found FROM payloads WHERE id = ?";
      return this.#log.prepare(sql).get(integer(mark, "at"))?.["found"] === mark["digest"];
    });
    if (!fits) this.#index.exec("DELETE FROM lookups; DELETE FROM payload_ids; DELETE FROM marks");
  }
}

/** In the order of the index: neighbours go into the same page. */
function lookupsOf(entries: readonly SqliteRow[]): readonly (readonly [LookupField, string, number])[] {
  const found: [LookupField, string, number][] = [];
  for (const field of ["agent", "kind", "session"] as const) {
    const rows = entries
      .filter((row) => row[field] !== null)
      .map((row): [LookupField, string, number] => [field, text(row, field), integer(row, "position")]);
    found.push(...rows.toSorted((left, right) => byText(left[1], right[1]) || left[2] - right[2]));
  }
  return found;
}

function payloadIdsOf(payloads: readonly SqliteRow[]): readonly (readonly [string, number])[] {
  return payloads
    .map((row): [string, number] => [text(row, "commitment"), integer(row, "id")])
    .toSorted((left, right) => byText(left[0], right[0]));
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
