/**
 * How rows are found by agent, session, kind or cause, and payloads by commitment: `lookup.db`, beside the log.
 *
 * An index over random keys costs a page of the write-ahead log for every key, which halves durable appends. So it
 * stands in a file of its own that is never synced, follows the log in slices, and is thrown away and rebuilt from the
 * log when it does not fit. Nothing in it is believed: a row found by it is compared with what was asked for.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import type { LogFilter } from "../../log.ts";
import { inAll, postingsBegun, postingsOf, postingsOfCause, type LookupField, type Postings } from "./postings.ts";
import { integer, text } from "./rows.ts";

const schema = `
CREATE TABLE IF NOT EXISTS postings (
  field TEXT NOT NULL, value TEXT NOT NULL, first INTEGER NOT NULL, positions TEXT NOT NULL, PRIMARY KEY (field, value, first)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS causes (cause INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (cause, position)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS payload_keys (key INTEGER NOT NULL, id INTEGER NOT NULL, PRIMARY KEY (key, id)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, at INTEGER NOT NULL, digest TEXT NOT NULL) STRICT, WITHOUT ROWID;
`;

/** Version of the index: one of another is thrown away. */
export const lookupVersion = 4;

/** The fields, in the order of the index. */
export const lookupFields: readonly LookupField[] = ["agent", "changes", "kind", "session"];

/** The one value of the field `changes`. */
export const changesTold = "told";

/**
 * By what a payload is found: the first 48 bits of its commitment, a quarter of the room that the whole would take. The few
 * that share them are told apart by the log itself.
 *
 * @returns a number below 2 to the power of 48
 */
export function payloadKey(commitment: string): number {
  let key = 0;
  for (let at = prefixChars; at < prefixChars + keyChars; at += 1) {
    const bits = sixBits[commitment.charCodeAt(at)];
    key = key * 64 + (bits ?? 0);
  }
  return key;
}

const prefixChars = "sha256:".length;
const keyChars = 8;

/** The six bits of each character of base64url, by its code. */
const sixBits: readonly number[] = Array.from({ length: 128 }, (_, code) =>
  Math.max(0, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".indexOf(String.fromCharCode(code))),
);

/**
 * Prepares a connection to the index: nothing of it is worth a wait for the disk.
 *
 * @param index a connection to `lookup.db`
 */
export function prepareLookup(index: DatabaseSync): void {
  index.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF");
}

/**
 * Positions that pass a filter, by an index alone.
 *
 * @param index a connection to it
 * @param filter at least one field of which is given
 * @returns positions in order, to be compared with the rows that stand there
 */
export function positionsIn(index: DatabaseSync, { agent, session, kind, cause, changes }: LogFilter): Postings {
  const by = (field: LookupField, value: string | undefined): readonly Postings[] =>
    value === undefined ? [] : [postingsOf(index, { field, value })];
  const area = kind?.endsWith(".*") === true ? kind.slice(0, -1) : undefined;
  return inAll([
    ...(cause === undefined ? [] : [postingsOfCause(index, cause)]),
    ...by("changes", changes === undefined ? undefined : changesTold),
    ...by("agent", agent),
    ...by("session", session),
    ...(area === undefined ? by("kind", kind) : [postingsBegun(index, { field: "kind", begin: area })]),
  ]);
}

/** The lookup index of one log, for reading. It lags behind: `behind` says how far, and `lookup-follower.ts` follows. */
export class Lookups {
  readonly #index: DatabaseSync;
  readonly #log: DatabaseSync;
  readonly #recentPayloads = new Map<string, number>();
  // Noted and not looked for yet: most are in the index before anybody asks, and need never be hashed into the map.
  #noted: { readonly commitment: string; readonly id: number }[] = [];
  readonly #findPayloads: StatementSync;
  readonly #isPayload: StatementSync;
  #position: number;

  /**
   * @param clients `index`: a connection to `lookup.db`, which may be empty or belong to another log; `log`: the log's own
   */
  constructor(clients: { readonly index: DatabaseSync; readonly log: DatabaseSync }) {
    this.#index = clients.index;
    this.#log = clients.log;
    prepareLookup(this.#index);
    if (this.#index.prepare("PRAGMA user_version").get()?.["user_version"] !== lookupVersion) this.#forgetAll();
    this.#index.exec(schema);
    this.#clearUnlessFitting();
    this.#position = this.#mark("entries");
    this.#findPayloads = this.#index.prepare("SELECT id FROM payload_keys WHERE key = ?");
    this.#isPayload = this.#log.prepare("SELECT 1 FROM payloads WHERE id = ? AND commitment = ?");
    for (const row of this.#log
      .prepare("SELECT id, commitment FROM payloads WHERE id > ?")
      .iterate(this.#mark("payloads")))
      this.#recentPayloads.set(text(row, "commitment"), integer(row, "id"));
  }

  /** Remembers the row that a payload has or will have: whoever looks there finds it, or nothing as yet. */
  notePayload(payload: { readonly commitment: string; readonly id: number }): void {
    this.#noted.push({ commitment: payload.commitment, id: payload.id });
  }

  /**
   * Rows of the log not yet in the index, entries and payloads together.
   *
   * @param position the log's head
   */
  behind(position: number): number {
    return position - this.#position + this.#recentPayloads.size + this.#noted.length;
  }

  /**
   * Takes note of how far the index has come, whoever brought it there.
   *
   * @param to the last entry and the last payload in the index
   */
  followed(to: { readonly position: number; readonly payloadId: number }): void {
    this.#position = Math.max(this.#position, to.position);
    // In the order in which they were noted, which is that of their ids.
    for (const [commitment, id] of this.#recentPayloads) {
      if (id > to.payloadId) break;
      this.#recentPayloads.delete(commitment);
    }
    const left = this.#noted.findIndex(({ id }) => id > to.payloadId);
    this.#noted = left === -1 ? [] : this.#noted.slice(left);
  }

  /**
   * Positions that pass a filter, by the index alone. It must have been advanced to the end.
   *
   * @param filter at least one field of which is given
   * @returns positions in order, to be compared with the rows that stand there
   */
  positions(filter: LogFilter): Postings {
    return positionsIn(this.#index, filter);
  }

  /**
   * The row of `payloads` that holds a commitment.
   *
   * @returns its id, or undefined when the log has none
   */
  payloadId(commitment: string): number | undefined {
    for (const noted of this.#noted) this.#recentPayloads.set(noted.commitment, noted.id);
    if (this.#noted.length > 0) this.#noted = [];
    const recent = this.#recentPayloads.get(commitment);
    if (recent !== undefined) return recent;
    for (const row of this.#findPayloads.all(payloadKey(commitment))) {
      const id = integer(row, "id");
      if (this.#isPayload.get(id, commitment) !== undefined) return id;
    }
    return undefined;
  }

  /** Closes the connection to the index; the log's own stays. */
  close(): void {
    this.#index.close();
  }

  #mark(name: "entries" | "payloads"): number {
    const row = this.#index.prepare("SELECT at FROM marks WHERE name = ?").get(name);
    return row === undefined ? 0 : integer(row, "at");
  }

  /** An index of another version, or an empty file. */
  #forgetAll(): void {
    const tables = this.#index.prepare("SELECT name FROM sqlite_schema WHERE type = 'table'").all();
    for (const table of tables) this.#index.exec(`DROP TABLE "${text(table, "name")}"`);
    this.#index.exec(`PRAGMA user_version = ${lookupVersion}`);
  }

  /** An index that follows another log, or a log that was cut, names a row that is not there or is another. */
  #clearUnlessFitting(): void {
    const marks = this.#index.prepare("SELECT name, at, digest FROM marks").all();
    const fits = marks.every((mark) => {
      const sql =
        mark["name"] === "entries"
          ? "SELECT digest AS found FROM main.entries WHERE position = ?"
          : "SELECT commitment AS found FROM payloads WHERE id = ?";
      return this.#log.prepare(sql).get(integer(mark, "at"))?.["found"] === mark["digest"];
    });
    if (!fits)
      this.#index.exec("DELETE FROM postings; DELETE FROM causes; DELETE FROM payload_keys; DELETE FROM marks");
  }
}
