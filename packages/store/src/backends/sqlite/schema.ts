/**
 * The tables of `log.db` and the laws that SQLite itself keeps.
 *
 * Triggers refuse UPDATE and DELETE, and a BEFORE INSERT trigger refuses any position but the next: INSERT OR REPLACE
 * deletes without firing a DELETE trigger, so the first two alone would let it rewrite history.
 * No secondary index stands on the append path; how rows are found by agent, kind or commitment is `lookups.ts`.
 * Source: docs/format.md, docs/decisions/0005-log-format.md.
 */
import type { DatabaseSync } from "node:sqlite";
import { StoreFailure } from "../../failure.ts";

/** Marks the file as a log of Toka (`PRAGMA application_id`): the letters "Toka". */
export const applicationId = 0x546f6b61;

/** The format of the file (`PRAGMA user_version`). */
export const formatVersion = 1;

/** Every table and trigger of `log.db` by name, exactly as SQLite keeps its text; verification compares them. */
export const schemaObjects: Readonly<Record<string, string>> = {
  entries: `CREATE TABLE entries (
  position INTEGER PRIMARY KEY,
  digest TEXT NOT NULL,
  time_ms INTEGER NOT NULL,
  kind TEXT NOT NULL,
  principal TEXT NOT NULL,
  agent TEXT,
  session TEXT,
  outcome TEXT NOT NULL,
  bytes TEXT NOT NULL
) STRICT`,
  entries_are_next: `CREATE TRIGGER entries_are_next BEFORE INSERT ON entries
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM entries)
BEGIN SELECT raise(ABORT, 'an entry takes the next position'); END`,
  entries_stay: `CREATE TRIGGER entries_stay BEFORE UPDATE ON entries
BEGIN SELECT raise(ABORT, 'an entry is never changed'); END`,
  entries_remain: `CREATE TRIGGER entries_remain BEFORE DELETE ON entries
BEGIN SELECT raise(ABORT, 'an entry is never deleted'); END`,
  payloads: `CREATE TABLE payloads (
  id INTEGER PRIMARY KEY,
  commitment TEXT NOT NULL,
  "references" INTEGER NOT NULL,
  salt BLOB NOT NULL,
  bytes BLOB NOT NULL,
  children TEXT NOT NULL
) STRICT`,
  checkpoints: `CREATE TABLE checkpoints (
  size INTEGER PRIMARY KEY,
  note TEXT NOT NULL
) STRICT`,
  checkpoints_grow: `CREATE TRIGGER checkpoints_grow BEFORE INSERT ON checkpoints
WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM checkpoints)
BEGIN SELECT raise(ABORT, 'a checkpoint is larger than the one before'); END`,
  checkpoints_stay: `CREATE TRIGGER checkpoints_stay BEFORE UPDATE ON checkpoints
BEGIN SELECT raise(ABORT, 'a checkpoint is never changed'); END`,
  checkpoints_remain: `CREATE TRIGGER checkpoints_remain BEFORE DELETE ON checkpoints
BEGIN SELECT raise(ABORT, 'a checkpoint is never deleted'); END`,
};

/**
 * Makes the tables in an empty database.
 *
 * @param db a fresh connection
 */
export function createSchema(db: DatabaseSync): void {
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("BEGIN IMMEDIATE");
  db.exec(`PRAGMA application_id = ${applicationId}`);
  db.exec(`PRAGMA user_version = ${formatVersion}`);
  for (const sql of Object.values(schemaObjects)) db.exec(sql);
  db.exec("COMMIT");
}

/**
 * Compares the database's tables and triggers with what they must be.
 *
 * @returns undefined when all is as it must be, else the first difference in words
 */
export function schemaDifference(db: DatabaseSync): string | undefined {
  const id = db.prepare("PRAGMA application_id").get()?.["application_id"];
  if (id !== applicationId) return `found application id ${String(id)}, wanted ${applicationId}`;
  const version = db.prepare("PRAGMA user_version").get()?.["user_version"];
  if (version !== formatVersion) return `found format ${String(version)}, wanted ${formatVersion}`;
  const found = new Map(
    db
      .prepare("SELECT name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
      .all()
      .map((row) => [String(row["name"]), String(row["sql"])]),
  );
  for (const [name, sql] of Object.entries(schemaObjects)) {
    if (!found.has(name)) return `"${name}" is missing`;
    if (found.get(name) !== sql) return `"${name}" is not as it was created`;
    found.delete(name);
  }
  const [extra] = found.keys();
  return extra === undefined ? undefined : `"${extra}" is not part of the format`;
}

/**
 * Prepares a connection of the writer: every commit is on the disk when it returns.
 *
 * @throws StoreFailure `vault_damaged` when the file is not a log of this format
 */
export function prepareWriter(db: DatabaseSync, options: { readonly walBytesKept: number }): void {
  const difference = schemaDifference(db);
  if (difference !== undefined)
    throw new StoreFailure("vault_damaged", {
      message: `Cannot open the log: its schema differs: ${difference}`,
      retry: "never",
    });
  db.exec("PRAGMA journal_mode = WAL");
  // FULL is what makes a commit durable in WAL mode; NORMAL would acknowledge before the disk has it.
  db.exec("PRAGMA synchronous = FULL");
  db.exec("PRAGMA wal_autocheckpoint = 0");
  db.exec(`PRAGMA journal_size_limit = ${options.walBytesKept}`);
  db.exec("PRAGMA foreign_keys = OFF");
  db.exec("PRAGMA temp_store = MEMORY");
}
