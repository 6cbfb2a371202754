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
import { tokaVersion } from "../../toka-version.ts";

/** Marks the file as a log of Toka (`PRAGMA application_id`): the letters "Toka". */
export const applicationId = 0x546f6b61;

type Objects = Readonly<Record<string, string>>;

/** The tables of the first layout. */
const firstObjects: Objects = {
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

/** What the second layout added: which Toka wrote from which entry on. A host's note, for whoever cannot read what a newer one wrote. */
const secondObjects: Objects = {
  writers: `CREATE TABLE writers (
  since INTEGER PRIMARY KEY,
  toka TEXT NOT NULL
) STRICT`,
};

/** The layouts of the tables, the first one first, each with the statements that make it of the one before. */
const layouts: readonly { readonly objects: Objects; readonly steps: readonly string[] }[] = [
  { objects: firstObjects, steps: Object.values(firstObjects) },
  { objects: { ...firstObjects, ...secondObjects }, steps: Object.values(secondObjects) },
];

/** The layout of the tables that this code writes (`PRAGMA user_version`). */
export const newestLayout: number = layouts.length;

/** Every table and trigger of `log.db` by name, exactly as SQLite keeps its text; verification compares them. */
export const schemaObjects: Objects = { ...firstObjects, ...secondObjects };

/** The tables and triggers of a log that goes on behind `base` entries of another. */
function behind(objects: Objects, base: number): Objects {
  const { entries_are_next: next } = objects;
  return next === undefined ? objects : { ...objects, entries_are_next: atBase(next, base) };
}

function atBase(sql: string, base: number): string {
  return sql.replace("coalesce(max(position), 0)", `coalesce(max(position), ${base})`);
}

/**
 * How many entries stand before a log's own first: its trigger says so.
 *
 * @param db a connection
 * @param database as what the log is attached; the connection's own when absent
 * @returns 0 for a log that is whole
 */
export function baseOf(db: DatabaseSync, database = "main"): number {
  const named = `SELECT sql FROM ${database}.sqlite_schema WHERE name = 'entries_are_next'`;
  const found = /coalesce\(max\(position\), ([1-9][0-9]{0,15})\)/u.exec(String(db.prepare(named).get()?.["sql"]));
  const base = Number(found?.[1] ?? 0);
  return Number.isSafeInteger(base) ? base : 0;
}

/**
 * Makes the tables in an empty database.
 *
 * @param db a fresh connection
 * @param base entries that are not its own
 */
export function createSchema(db: DatabaseSync, base = 0): void {
  db.exec("PRAGMA journal_mode = WAL");
  db.exec("BEGIN IMMEDIATE");
  db.exec(`PRAGMA application_id = ${applicationId}`);
  take(db, { from: 0, base });
  db.exec("COMMIT");
}

/**
 * Brings the tables of an older Toka to the layout of today, in one transaction: after a crash they are of one or of the other. Entries
 * are not touched. Tables that are not exactly as their own layout has them stay as they are, for whoever looks at them next.
 *
 * @param db a connection of the one who holds the vault
 * @throws StoreFailure `vault_newer`; SQLite's error when it cannot write, and the tables are then as before
 */
export function bringUpToDate(db: DatabaseSync): void {
  refuseNewer(db, "open");
  const found = layoutOf(db);
  if (found === newestLayout || schemaDifference(db) !== undefined) return;
  db.exec("PRAGMA synchronous = FULL");
  db.exec("BEGIN IMMEDIATE");
  try {
    take(db, { from: found, base: baseOf(db) });
    db.exec("COMMIT");
  } catch (thrown) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw thrown;
  }
}

/** From a layout to the newest. */
function take(db: DatabaseSync, { from, base }: { readonly from: number; readonly base: number }): void {
  for (const { steps } of layouts.slice(from)) for (const sql of steps) db.exec(atBase(sql, base));
  db.exec(`PRAGMA user_version = ${newestLayout}`);
}

/**
 * Notes that this Toka writes from an entry on, unless the last note says so already.
 *
 * @param db a connection of the one who holds the vault, in a transaction that writes the entry
 * @param since position of the entry
 */
export function noteWriter(db: DatabaseSync, since: number): void {
  if (lastWriter(db) === tokaVersion) return;
  db.prepare("INSERT INTO writers VALUES (?, ?) ON CONFLICT (since) DO UPDATE SET toka = excluded.toka").run(
    since,
    tokaVersion,
  );
}

/**
 * The layout of the tables, of whatever code made them.
 *
 * @returns `PRAGMA user_version`
 */
export function layoutOf(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.["user_version"]);
}

/**
 * Refuses tables of a newer layout, before anything is read of them.
 *
 * @param doing what cannot be done with them, for the message
 * @throws StoreFailure `vault_newer`
 */
export function refuseNewer(db: DatabaseSync, doing: string): void {
  const found = layoutOf(db);
  if (found <= newestLayout || applicationOf(db) !== applicationId) return;
  const writer = lastWriter(db);
  const by = writer === undefined ? "a newer Toka" : `Toka ${writer}`;
  throw new StoreFailure("vault_newer", {
    message: `Cannot ${doing} the vault: ${by} wrote it, with tables of layout ${found}; this is Toka ${tokaVersion}, which knows layouts up to ${newestLayout}; use ${writer === undefined ? "the Toka that wrote it" : by} or a newer one`,
    retry: "never",
  });
}

/**
 * Which Toka wrote last.
 *
 * @returns its version; undefined when the tables do not tell
 */
export function lastWriter(db: DatabaseSync): string | undefined {
  try {
    const toka = db.prepare("SELECT toka FROM writers ORDER BY since DESC LIMIT 1").get()?.["toka"];
    return typeof toka === "string" && /^[0-9A-Za-z.+-]{1,64}$/u.test(toka) ? toka : undefined;
  } catch {
    // Tables of another layout may not have it.
    return undefined;
  }
}

function applicationOf(db: DatabaseSync): unknown {
  return db.prepare("PRAGMA application_id").get()?.["application_id"];
}

/**
 * Compares the database's tables and triggers with what they must be in their layout, also an older one.
 *
 * @returns undefined when all is as it must be, else the first difference in words
 */
export function schemaDifference(db: DatabaseSync): string | undefined {
  const id = applicationOf(db);
  if (id !== applicationId) return `found application id ${String(id)}, wanted ${applicationId}`;
  const version = layoutOf(db);
  const layout = layouts[version - 1];
  if (layout === undefined) return `found tables of layout ${version}, wanted 1 to ${newestLayout}`;
  const found = new Map(
    db
      .prepare("SELECT name, sql FROM main.sqlite_schema WHERE name NOT LIKE 'sqlite_%'")
      .all()
      .map((row) => [String(row["name"]), String(row["sql"])]),
  );
  for (const [name, sql] of Object.entries(behind(layout.objects, baseOf(db)))) {
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
  // What is overwritten is to be gone, not only forgotten: bytes of an erased payload must not stay in free pages.
  db.exec("PRAGMA secure_delete = ON");
}
