/** The log as its files show it to somebody who does not hold the vault, for reading only. */
import { DatabaseSync } from "node:sqlite";
import { fileLockWaitMs, readEntriesMax } from "../../limits.ts";
import type { Log, StoredPayload } from "../../log.ts";
import { attachPrefix, type PrefixPart } from "./prefix.ts";
import { beginningMissing } from "./prefix-reader.ts";
import { checkpointOf, childrenOf, entryColumns, entryOf, erasedAtIn, integer, payloadOf, text } from "./rows.ts";
import { refuseNewer } from "./schema.ts";

/** What can be read without holding the vault. */
export interface ReadOnlyLog extends Pick<Log, "read" | "checkpoints"> {
  /** Entries that lie with a parent; 0 for a log that is whole. */
  readonly base: number;
  /** Where those lie, the last part first. */
  readonly parts: readonly PrefixPart[];
  /** @returns the commitment of a row of `payloads`, or undefined when there is none such */
  commitmentAt(id: number): string | undefined;
  /** @returns a row of `payloads` */
  payloadAt(id: number): StoredPayload | undefined;
  /** @returns by which entry a row of `payloads` was erased, and the payloads that it names; undefined when it was not */
  erasedAt(id: number): { readonly by: number; readonly children: readonly string[] } | undefined;
  /** @returns the last row of `payloads`, or 0 */
  lastPayload(): number;
  close(): void;
}

/**
 * Opens `log.db` for reading, beside whoever writes it.
 *
 * @param path of `log.db`
 * @returns the log; whoever opened it closes it
 * @throws StoreFailure `vault_newer`, or `parent_missing` when its beginning cannot be read; SQLite's error when it cannot be opened
 */
export function openReadOnlyLog(path: string): ReadOnlyLog {
  const db = new DatabaseSync(path, { readOnly: true, timeout: fileLockWaitMs });
  let prefix;
  try {
    refuseNewer(db, "read");
    prefix = attachPrefix(db, path);
    if (prefix.missing !== undefined) throw beginningMissing(prefix.missing);
  } catch (thrown) {
    db.close();
    throw thrown;
  }
  const entries = db.prepare(`SELECT ${entryColumns} FROM entries WHERE position > ? ORDER BY position LIMIT ?`);
  const checkpoints = db.prepare("SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?");
  const commitment = db.prepare("SELECT commitment FROM payloads WHERE id = ?");
  const payload = db.prepare("SELECT * FROM payloads WHERE id = ?");
  const erased = db.prepare("SELECT salt, bytes, children FROM payloads WHERE id = ? AND length(salt) = 0");
  const lastPayload = db.prepare("SELECT coalesce(max(id), 0) AS last FROM payloads");
  return {
    base: prefix.base,
    parts: prefix.parts,
    commitmentAt: (id) => {
      const row = commitment.get(id);
      return row === undefined ? undefined : text(row, "commitment");
    },
    payloadAt: (id) => {
      const row = payload.get(id);
      return row === undefined ? undefined : payloadOf(row);
    },
    erasedAt: (id) => {
      const row = erased.get(id);
      const by = row === undefined ? undefined : erasedAtIn({ salt: row["salt"], bytes: row["bytes"] });
      return row === undefined || by === undefined ? undefined : { by, children: childrenOf(text(row, "children")) };
    },
    lastPayload: () => integer(lastPayload.get() ?? {}, "last"),
    read: async ({ after, limit }) => entries.all(after, Math.min(limit, readEntriesMax)).map(entryOf),
    checkpoints: async ({ after, limit }) => checkpoints.all(after, limit).map(checkpointOf),
    close: () => db.close(),
  };
}
