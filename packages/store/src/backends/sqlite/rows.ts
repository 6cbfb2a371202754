/** Codec between SQLite's values and the log's rows: every value's type is looked at, none is assumed. */
import type { SQLOutputValue, StatementSync } from "node:sqlite";
import { StoreFailure } from "../../failure.ts";
import type { CheckpointRow, LogRow, StoredPayload } from "../../log.ts";

/** A row as `node:sqlite` gives it. */
export type SqliteRow = Readonly<Record<string, SQLOutputValue>>;

/** A row as a list of its values, in the order of the columns. */
export type SqliteList = readonly SQLOutputValue[];

/**
 * All rows of a page as lists: half the time of reading them as objects.
 *
 * @param statement prepared with `setReturnArrays(true)`, of two parameters
 * @param page after what, and how many
 * @returns the rows
 */
export function listsOf(
  statement: StatementSync,
  { after, limit }: { readonly after: number; readonly limit: number },
): readonly SqliteList[] {
  // With return arrays the rows are lists of values, which the library's types do not know.
  return statement.all(after, limit) as unknown as readonly SqliteList[];
}

/** The columns of an entry in the order of the table, named as `LogRow` names them. */
export const entryColumns = "position, digest, time_ms, kind, principal, agent, session, outcome, bytes";

/**
 * Reads a row of `entries`.
 *
 * @returns the row
 * @throws StoreFailure `vault_damaged` when a column has another type
 */
export function entryOf(row: SqliteRow): LogRow {
  return {
    position: integer(row, "position"),
    digest: text(row, "digest"),
    timeMs: integer(row, "time_ms"),
    kind: text(row, "kind"),
    principal: text(row, "principal"),
    agent: row["agent"] === null ? null : text(row, "agent"),
    session: row["session"] === null ? null : text(row, "session"),
    outcome: text(row, "outcome"),
    bytes: text(row, "bytes"),
  };
}

/**
 * Reads a row of `payloads`.
 *
 * @returns the payload with its references, or undefined when it was erased
 * @throws StoreFailure `vault_damaged` when a column has another type
 */
export function payloadOf(row: SqliteRow): StoredPayload | undefined {
  const bytes = blob(row, "bytes");
  if (erasedAtIn({ salt: row["salt"], bytes }) !== undefined) return undefined;
  return {
    commitment: text(row, "commitment"),
    size: bytes.length,
    references: integer(row, "references"),
    salt: blob(row, "salt"),
    bytes,
    children: childrenOf(text(row, "children")),
  };
}

/**
 * The bytes that a payload's row holds once it was erased, beside a salt without any: the position of the entry that did it.
 *
 * @param by position of that entry
 * @returns the position in decimal
 */
export function erasedBytes(by: number): Uint8Array {
  return Buffer.from(String(by));
}

/**
 * Reads what `erasedBytes` wrote.
 *
 * @param row its salt and bytes as they are found
 * @returns the position of the entry that erased the payload; undefined when the row has a salt, or bytes that are no position
 */
export function erasedAtIn({ salt, bytes }: { readonly salt: unknown; readonly bytes: unknown }): number | undefined {
  if (!(salt instanceof Uint8Array) || salt.length > 0 || !(bytes instanceof Uint8Array)) return undefined;
  const text = Buffer.from(bytes).toString("latin1");
  return /^[1-9][0-9]{0,15}$/u.test(text) ? Number(text) : undefined;
}

/**
 * Reads a row of `checkpoints`.
 *
 * @returns the checkpoint
 * @throws StoreFailure `vault_damaged` when a column has another type
 */
export function checkpointOf(row: SqliteRow): CheckpointRow {
  return { size: integer(row, "size"), note: text(row, "note") };
}

/**
 * The text that keeps a payload's children: their commitments with a space between.
 *
 * @returns the text, empty for none
 */
export function childrenText(children: readonly string[]): string {
  return children.join(" ");
}

/**
 * Reads what `childrenText` wrote.
 *
 * @returns the commitments
 */
export function childrenOf(kept: string): readonly string[] {
  return kept === "" ? [] : kept.split(" ");
}

/**
 * An integer column.
 *
 * @returns its value
 * @throws StoreFailure `vault_damaged` when it is something else
 */
export function integer(row: SqliteRow, column: string): number {
  const value = row[column];
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw damaged(column, "an integer");
  return value;
}

/**
 * A text column.
 *
 * @returns its value
 * @throws StoreFailure `vault_damaged` when it is something else
 */
export function text(row: SqliteRow, column: string): string {
  const value = row[column];
  if (typeof value !== "string") throw damaged(column, "text");
  return value;
}

function blob(row: SqliteRow, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw damaged(column, "bytes");
  return value;
}

function damaged(column: string, wanted: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot read the log: column "${column}" is not ${wanted}`,
    retry: "never",
  });
}
