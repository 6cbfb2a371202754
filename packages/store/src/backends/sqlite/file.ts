/** The files behind a SQLite log: made private before SQLite writes a byte, opened by path. */
import { closeSync, existsSync, fsyncSync, openSync, rmSync, statSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileLockWaitMs } from "../../limits.ts";
import type { SqliteClients } from "./log.ts";
import { attachPrefix } from "./prefix.ts";
import { createSchema, lastWriter } from "./schema.ts";
import { startWritingThread } from "./writing-thread.ts";

/** Permissions of every file of a vault: its owner's alone. SQLite gives its companion files the same. */
const fileMode = 0o600;

/**
 * Makes an empty `log.db`.
 *
 * @param path where; nothing may be there yet
 * @param base entries that stand before its own, in the log of a parent
 * @throws the system's error when the file exists or cannot be written
 */
export function createLogFile(path: string, base = 0): void {
  closeSync(openSync(path, "wx", fileMode));
  const db = new DatabaseSync(path);
  try {
    db.exec("PRAGMA page_size = 4096");
    createSchema(db, base);
  } finally {
    db.close();
  }
  const file = openSync(path, "r");
  fsyncSync(file);
  closeSync(file);
}

/**
 * The clients of a log whose files lie at these paths.
 *
 * @returns what `openSqliteLog` takes
 */
export function clientsAt({ log, lookup }: { readonly log: string; readonly lookup: string }): SqliteClients {
  return {
    connect: () => existing(log),
    join: (db) => attachPrefix(db, log),
    connectLookup: () => {
      // Opened and closed once it is in use, a file would lose the locks that SQLite holds on it for this process.
      if (!existsSync(lookup)) closeSync(openSync(lookup, "a", fileMode));
      return new DatabaseSync(lookup, { timeout: fileLockWaitMs });
    },
    discardLookup: () => {
      for (const suffix of ["", "-wal", "-shm"]) rmSync(lookup + suffix, { force: true });
    },
    startThread: () => startWritingThread({ log, lookup }),
  };
}

/**
 * Which Toka wrote a log last.
 *
 * @param log path of `log.db`, which nobody has open in this process
 * @returns its version; undefined when the file does not tell
 */
export function writerAt(log: string): string | undefined {
  const db = new DatabaseSync(log, { readOnly: true, timeout: fileLockWaitMs });
  try {
    return lastWriter(db);
  } finally {
    db.close();
  }
}

/**
 * SQLite would make an absent file; a log that is gone must be an error. Looked at, not opened: closing any descriptor of a
 * file gives up the locks that SQLite holds on it for this process.
 * Source: https://www.sqlite.org/howtocorrupt.html, section 2.2.
 */
function existing(path: string): DatabaseSync {
  statSync(path);
  return new DatabaseSync(path, { timeout: fileLockWaitMs });
}
