/** The log as its files show it to somebody who does not hold the vault: entries and checkpoints, for reading only. */
import { DatabaseSync } from "node:sqlite";
import { fileLockWaitMs, readEntriesMax } from "../../limits.ts";
import type { Log } from "../../log.ts";
import { checkpointOf, entryColumns, entryOf } from "./rows.ts";

/** What can be read without holding the vault. */
export interface ReadOnlyLog extends Pick<Log, "read" | "checkpoints"> {
  close(): void;
}

/**
 * Opens `log.db` for reading, beside whoever writes it.
 *
 * @param path of `log.db`
 * @returns the log; whoever opened it closes it
 * @throws SQLite's error when it cannot be opened
 */
export function openReadOnlyLog(path: string): ReadOnlyLog {
  const db = new DatabaseSync(path, { readOnly: true, timeout: fileLockWaitMs });
  const entries = db.prepare(`SELECT ${entryColumns} FROM entries WHERE position > ? ORDER BY position LIMIT ?`);
  const checkpoints = db.prepare("SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?");
  return {
    read: async ({ after, limit }) => entries.all(after, Math.min(limit, readEntriesMax)).map(entryOf),
    checkpoints: async ({ after, limit }) => checkpoints.all(after, limit).map(checkpointOf),
    close: () => db.close(),
  };
}
