/**
 * Checking the lookup index: it is derived and proves nothing, but a row left out of it would hide an entry from whoever
 * asks for an agent's. One that cannot be opened or follows another log is rebuilt when the vault is opened, and is no
 * difference.
 *
 * The index is read in the order of the log beside it, so that each of its pages and of the log's is looked at once.
 */
import { existsSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { tracesOver } from "../backends/sqlite/lookup-follower.ts";
import { changesTold, lookupFields, lookupVersion, payloadKey } from "../backends/sqlite/lookups.ts";
import type { LookupField } from "../backends/sqlite/postings.ts";
import { tellsOfChanges } from "../changes-mark.ts";
import { textOf } from "../failure.ts";
import type { TracedRow, Traces } from "../traces.ts";
import { differs } from "./finding.ts";
import type { Stretch } from "./stretch.ts";
import { columnsOf, isSqlite, type FoundEntry, type FoundPayload } from "./rows.ts";

const remedy = "the log is whole; delete lookup.db, and it is made again";

const postingsSql = "SELECT first, field, value, positions FROM lookup.postings WHERE first <= ? ORDER BY first";
/** Those of the second half, and those that only end in it. */
const laterPostingsSql = `SELECT first, field, value, positions FROM lookup.postings
  WHERE first > ? OR json_extract(positions, '$[#-1]') > ? ORDER BY first`;
const keysSql = "SELECT id, key FROM lookup.payload_keys WHERE (id > ?1 OR ?1 = 0) AND id <= ?2 ORDER BY id";
const causesSql = "SELECT count(*) AS rows FROM lookup.causes WHERE (position > ?1 OR ?1 = 0) AND position <= ?2";

/** What the index says of one field, beside what the entries say. */
class Tally {
  /** By value the positions that are listed for it and that no entry has passed yet. */
  readonly #listed = new Map<string, Listed>();
  /** Values that entries have in this field. */
  wanted = 0;
  /** Of these, those that the index finds the entry under. */
  right = 0;
  /** Positions that the index lists. */
  listed = 0;

  /** Takes in what the index lists for a value, none of it before the entry that comes next. */
  list(value: string, positions: readonly number[]): void {
    this.listed += positions.length;
    const before = this.#listed.get(value);
    if (before === undefined) this.#listed.set(value, { positions, at: 0 });
    else {
      // Lists of one value follow each other in an index that was not touched.
      const left = [...before.positions.slice(before.at), ...positions].sort((one, other) => one - other);
      this.#listed.set(value, { positions: left, at: 0 });
    }
  }

  /** Takes in a value of the next entry. */
  want(value: string, position: number): void {
    this.wanted += 1;
    const listed = this.#listed.get(value);
    if (listed === undefined) return;
    const { positions } = listed;
    while ((positions[listed.at] ?? Infinity) < position) listed.at += 1;
    if (positions[listed.at] === position) {
      this.right += 1;
      listed.at += 1;
    }
    // What is passed is let go of: a log can have any number of values.
    if (listed.at === positions.length) this.#listed.delete(value);
  }
}

/** Positions in order, and how many of them entries have passed. */
interface Listed {
  readonly positions: readonly number[];
  at: number;
}

/** The lookup index of one log, compared while entries and payloads pass in their order. */
export class LookupCheck {
  readonly #covered: { readonly entries: number; readonly payloads: number } | undefined;
  readonly #tallies: ReadonlyMap<string, Tally>;
  readonly #fields: readonly (readonly [LookupField, Tally])[];
  readonly #postings: Cursor;
  readonly #keys: Cursor;
  readonly #payloads = { wanted: 0, right: 0 };
  readonly #causes = { wanted: 0, right: 0 };
  readonly #traces: Traces;
  readonly #findCause: StatementSync | undefined;
  readonly #countCauses: StatementSync | undefined;
  readonly #stretch: Stretch;

  /**
   * @param db the log, in the transaction that verifies it
   * @param of the `path` of `lookup.db`, and the `stretch` of the log that is verified
   */
  constructor(db: DatabaseSync, { path, stretch }: { readonly path: string; readonly stretch: Stretch }) {
    this.#stretch = stretch;
    this.#covered = existsSync(path) ? attach(db, path) : undefined;
    const on = this.#covered !== undefined;
    this.#traces = tracesOver(db);
    this.#findCause = on ? db.prepare("SELECT 1 FROM lookup.causes WHERE cause = ? AND position = ?") : undefined;
    this.#countCauses = on ? db.prepare(causesSql) : undefined;
    this.#fields = lookupFields.map((field) => [field, new Tally()]);
    this.#tallies = new Map(this.#fields);
    const { after, until, payloadsAfter, payloadsUntil } = stretch;
    this.#postings = new Cursor(on, () =>
      after === 0
        ? columnsOf(db, { sql: postingsSql, values: [until] })
        : columnsOf(db, { sql: laterPostingsSql, values: [after, after] }),
    );
    this.#keys = new Cursor(on, () => columnsOf(db, { sql: keysSql, values: [payloadsAfter, payloadsUntil] }));
  }

  /** Takes in the next entry. */
  entry(found: FoundEntry): void {
    const { position } = found;
    if (this.#covered === undefined || typeof position !== "number" || position > this.#covered.entries) return;
    this.#listTo(position);
    const traces = this.#traces.of(tracedRow(position, found));
    const values = { agent: traces.agents, changes: changesOf(found), kind: traces.kinds, session: traces.sessions };
    for (const [field, tally] of this.#fields) for (const value of values[field]) tally.want(value, position);
    for (const cause of traces.causes) {
      this.#causes.wanted += 1;
      if (this.#findCause?.get(cause, position) !== undefined) this.#causes.right += 1;
    }
  }

  /** Takes in the next payload. */
  payload({ id, commitment }: FoundPayload): void {
    // The first half looks one payload ahead.
    const until = Math.min(this.#covered?.payloads ?? 0, this.#stretch.payloadsUntil);
    if (this.#covered === undefined || typeof id !== "number" || id > until) return;
    this.#payloads.wanted += 1;
    let right = false;
    for (let row = this.#keys.upTo(id); row !== undefined; row = this.#keys.upTo(id))
      right ||= row[0] === id && typeof commitment === "string" && row[1] === payloadKey(commitment);
    if (right) this.#payloads.right += 1;
  }

  /**
   * Ends the check.
   *
   * @throws Differs when an entry or a payload cannot be found by it, or something is found that is not there
   */
  finish(): void {
    if (this.#covered === undefined) return;
    this.#listTo(Infinity);
    const broken = this.#postings.broken ?? this.#keys.broken;
    if (broken !== undefined) differs(0, `the lookup index cannot be read: ${broken}: ${remedy}`);
    for (const [field, { wanted, right, listed }] of this.#fields)
      if (right !== wanted || listed !== wanted)
        differs(
          0,
          `the lookup index finds ${right === wanted ? listed : right} entries by ${field}, and there are ${wanted}: ${remedy}`,
        );
    const causes = {
      ...this.#causes,
      listed: Number(this.#countCauses?.get(this.#stretch.after, this.#stretch.until)?.["rows"] ?? 0),
    };
    if (causes.right !== causes.wanted || causes.listed !== causes.wanted)
      differs(
        0,
        `the lookup index finds ${causes.right === causes.wanted ? causes.listed : causes.right} entries by cause, and there are ${causes.wanted}: ${remedy}`,
      );
    const { wanted, right } = this.#payloads;
    if (right !== wanted) differs(0, `the lookup index finds ${right} payloads, and there are ${wanted}: ${remedy}`);
  }

  #listTo(position: number): void {
    for (let row = this.#postings.upTo(position); row !== undefined; row = this.#postings.upTo(position))
      this.#list(row);
  }

  #list([first, field, value, positions]: readonly unknown[]): void {
    const tally = this.#tallies.get(String(field));
    const listed = listOf(positions);
    if (tally === undefined) return;
    // By `first` a list is found: under another one its entries are not, and out of order not all of them.
    if (listed[0] !== first || !ascends(listed)) tally.listed += listed.length;
    else tally.list(String(value), within(listed, this.#stretch));
  }
}

/** Rows in the order of their first column, taken as far as somebody has come. */
class Cursor {
  readonly #rows: Iterator<readonly unknown[]> | undefined;
  #next: readonly unknown[] | undefined;
  /** Why no more could be read, if so. */
  broken: string | undefined;

  constructor(on: boolean, open: () => Iterable<readonly unknown[]>) {
    if (!on) return;
    try {
      this.#rows = open()[Symbol.iterator]();
      this.#advance();
    } catch (thrown) {
      this.#break(thrown);
    }
  }

  /** @returns the next row whose first column is at most `bound`, or undefined when there is none as yet */
  upTo(bound: number): readonly unknown[] | undefined {
    const row = this.#next;
    if (row === undefined || Number(row[0]) > bound) return undefined;
    try {
      this.#advance();
    } catch (thrown) {
      this.#break(thrown);
    }
    return row;
  }

  #advance(): void {
    const next = this.#rows?.next();
    this.#next = next === undefined || next.done === true ? undefined : next.value;
  }

  #break(thrown: unknown): void {
    if (!isSqlite(thrown)) throw thrown;
    this.broken = textOf(thrown);
    this.#next = undefined;
  }
}

function changesOf({ kind, text }: FoundEntry): readonly string[] {
  return tellsOfChanges({ kind, bytes: text }) ? [changesTold] : [];
}

/** Columns of another type are a difference that the entries' own part names. */
function tracedRow(position: number, { kind, principal, agent, session, text }: FoundEntry): TracedRow {
  return {
    position,
    kind: String(kind),
    principal: String(principal),
    agent: typeof agent === "string" ? agent : null,
    session: typeof session === "string" ? session : null,
    bytes: text ?? null,
  };
}

function ascends(positions: readonly number[]): boolean {
  // NaN is above nothing.
  return positions.every((position, index) => index === 0 || position > (positions[index - 1] ?? Infinity));
}

/** A list that begins in the one half can go on in the other. */
function within(positions: readonly number[], { after, until }: Stretch): readonly number[] {
  const last = positions.at(-1) ?? 0;
  if ((after === 0 || (positions[0] ?? 0) > after) && last <= until) return positions;
  return positions.filter((position) => (after === 0 || position > after) && position <= until);
}

function listOf(positions: unknown): readonly number[] {
  try {
    const found: unknown = JSON.parse(String(positions));
    return Array.isArray(found) ? found.map(Number) : [];
  } catch {
    return [];
  }
}

/** How far the index has followed this log, or undefined when it is to be made again anyway. */
function attach(db: DatabaseSync, path: string): { readonly entries: number; readonly payloads: number } | undefined {
  try {
    db.prepare("ATTACH ? AS lookup").run(`${pathToFileURL(path).href}?mode=ro`);
    if (db.prepare("PRAGMA lookup.user_version").get()?.["user_version"] !== lookupVersion) return undefined;
    const entries = mark(db, "entries");
    const payloads = mark(db, "payloads");
    const fits =
      matches(db, { at: entries, sql: "SELECT digest AS found FROM main.entries WHERE position = ?" }) &&
      matches(db, { at: payloads, sql: "SELECT commitment AS found FROM main.payloads WHERE id = ?" });
    return fits ? { entries: entries.at, payloads: payloads.at } : undefined;
  } catch {
    return undefined;
  }
}

interface Mark {
  readonly at: number;
  readonly digest: unknown;
}

function mark(db: DatabaseSync, name: "entries" | "payloads"): Mark {
  const row = db.prepare("SELECT at, digest FROM lookup.marks WHERE name = ?").get(name);
  return { at: Number(row?.["at"] ?? 0), digest: row?.["digest"] };
}

function matches(db: DatabaseSync, { at, sql }: { readonly at: Mark; readonly sql: string }): boolean {
  return at.at === 0 || db.prepare(sql).get(at.at)?.["found"] === at.digest;
}
