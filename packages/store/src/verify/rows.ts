/** Reading a log for verification: the bytes as they are on the disk, columns as SQLite has them, nothing trusted. */
import { isUtf8 } from "node:buffer";
import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { textOf } from "../failure.ts";
import { differs } from "./finding.ts";
import { wholeLog, type Stretch } from "./stretch.ts";

/** A row of `entries` as it is found. */
export interface FoundEntry {
  readonly position: unknown;
  readonly digest: unknown;
  readonly timeMs: unknown;
  readonly kind: unknown;
  readonly principal: unknown;
  readonly agent: unknown;
  readonly session: unknown;
  readonly outcome: unknown;
  /** The stored text, or undefined when its bytes are not UTF-8. */
  readonly text: string | undefined;
}

/** A row of `payloads` as it is found. */
export interface FoundPayload {
  readonly id: unknown;
  readonly commitment: unknown;
  readonly references: unknown;
  /** The salt followed by the bytes; undefined when one of them is no bytes. */
  readonly salted: Uint8Array | undefined;
  /** How many bytes stand behind the salt. */
  readonly size: number;
  readonly children: unknown;
}

const entriesSql =
  "SELECT position, digest, time_ms, kind, principal, agent, session, outcome, bytes FROM entries WHERE position >= ? ORDER BY position";

/** The least rowid that SQLite has: a row in front of the first one must be seen, too. */
export const firstRowid: bigint = -(2n ** 63n);

/** Entries read at once: a row of a page costs three quarters of one that is asked for alone. */
const pageEntries = 64;

/** What stands in a text that was read where its bytes are not UTF-8; and of course where somebody wrote it. */
const replacement = "\uFFFD";

/**
 * The entries of a stretch, from its first on.
 *
 * @returns rows in order
 * @throws Differs where SQLite cannot read on
 */
export function* entriesOf(
  db: DatabaseSync,
  stretch: Pick<Stretch, "after" | "until"> = wholeLog,
): Generator<FoundEntry, void, undefined> {
  let { after } = stretch;
  const raw = db.prepare("SELECT CAST(bytes AS BLOB) AS bytes FROM entries WHERE position = ?");
  try {
    for (const row of entryRows(db, after === 0 ? firstRowid : after + 1)) {
      const [position, digest, timeMs, kind, principal, agent, session, outcome, bytes] = row;
      if (Number(position) > stretch.until) return;
      const ascends = typeof position === "number" && position > after;
      if (ascends) after = position;
      const doubtful = typeof bytes !== "string" || bytes.includes(replacement);
      const text = doubtful ? utf8(raw.get(Number(position))?.["bytes"]) : bytes;
      yield { position, digest, timeMs, kind, principal, agent, session, outcome, text };
      // Never the next position, so that whoever compares has ended here; reading on could go round for ever.
      if (!ascends) return;
    }
  } catch (thrown) {
    if (isSqlite(thrown)) differs(after + 1, `the row cannot be read: ${textOf(thrown)}`);
    throw thrown;
  }
}

function* entryRows(db: DatabaseSync, first: SQLInputValue): Generator<readonly unknown[], void, undefined> {
  const pages = listing(db, `${entriesSql} LIMIT ${pageEntries}`);
  let from = first;
  for (;;) {
    let page: readonly (readonly unknown[])[];
    try {
      page = rowsOf(pages.all(from));
    } catch (thrown) {
      if (!isSqlite(thrown)) throw thrown;
      // One by one, up to the very row that cannot be read.
      yield* rowsOf(listing(db, entriesSql).iterate(from));
      return;
    }
    yield* page;
    const last = page.at(-1)?.[0];
    if (typeof last !== "number") return;
    from = last + 1;
  }
}

/**
 * Runs a query whose rows are lists of values.
 *
 * @returns the rows, read as they are asked for
 */
export function columnsOf(
  db: DatabaseSync,
  { sql, values = [] }: { readonly sql: string; readonly values?: readonly SQLInputValue[] },
): Iterable<readonly unknown[]> {
  return rowsOf(listing(db, sql).iterate(...values));
}

/**
 * Prepares a query whose rows are lists of values: half the time of reading them as objects.
 *
 * @returns the statement
 */
export function listing(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql);
  statement.setReturnArrays(true);
  return statement;
}

/**
 * The rows of a statement made by `listing`: lists of values, which the library's types do not know.
 *
 * @returns the same
 */
export function rowsOf<Rows extends Iterable<readonly unknown[]>>(rows: unknown): Rows {
  return rows as Rows;
}

function utf8(bytes: unknown): string | undefined {
  if (!(bytes instanceof Uint8Array) || !isUtf8(bytes)) return undefined;
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8");
}

/**
 * Whether SQLite or a value that does not fit a number is at fault; anything else is a bug of ours and must be seen.
 *
 * @returns true for an error of reading
 */
export function isSqlite(thrown: unknown): boolean {
  return (
    thrown instanceof Error &&
    "code" in thrown &&
    (thrown.code === "ERR_SQLITE_ERROR" || thrown.code === "ERR_OUT_OF_RANGE")
  );
}
