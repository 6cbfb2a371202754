/** Replaying a log: from a fold, or from nothing, to the head, checking that every row follows the one before. */
import { decodeEntry, Newer } from "@toka/kernel";
import { leafDigest } from "./digest.ts";
import { StoreFailure, textOf } from "./failure.ts";
import type { Fold } from "./fold.ts";
import { readEntriesMax } from "./limits.ts";
import type { Log } from "./log.ts";

/** How far and over what a log is replayed. */
export interface Replaying {
  readonly log: Pick<Log, "read">;
  /** The last position; the head when absent. */
  readonly until?: number;
  /** Called at every position passed, when the fold stands there. */
  readonly passing?: (position: number) => void;
}

/**
 * Brings a fold to the head of its log, or to an entry before.
 *
 * @param fold where to start; it is moved
 * @param how which log, and how far
 * @throws StoreFailure `vault_damaged` at the first row that does not follow
 */
export async function replay(fold: Fold, { log, until = Infinity, passing }: Replaying): Promise<void> {
  for (;;) {
    const limit = Math.min(readEntriesMax, until - fold.head.position);
    const rows = limit <= 0 ? [] : await log.read({ after: fold.head.position, limit });
    if (rows.length === 0) return;
    for (const row of rows) {
      const { position, digest, timeMs, bytes } = row;
      if (position !== fold.head.position + 1)
        throw damaged(fold.head.position + 1, `found the row of position ${position}`);
      if (leafDigest(bytes) !== digest) throw damaged(position, "its digest is not that of its bytes");
      try {
        const entry = decodeEntry(bytes);
        if (entry.position !== position) throw new Error(`its bytes are those of position ${entry.position}`);
        if (entry.previous !== fold.head.digest) throw new Error("it does not follow the entry before it");
        fold.apply(entry);
      } catch (thrown) {
        if (thrown instanceof Newer) throw newerEntry(position, thrown);
        throw damaged(position, textOf(thrown));
      }
      fold.advance({ position, digest, timeMs });
      passing?.(position);
    }
  }
}

/**
 * What is said of an entry that a newer Toka wrote.
 *
 * @returns the failure, to be thrown
 */
export function newerEntry(position: number, { path, found, wanted }: Newer): StoreFailure {
  return new StoreFailure("vault_newer", {
    message: `Cannot read the log: a newer Toka wrote entry ${position}: ${path}: found ${found}, wanted ${wanted}; use that Toka or a newer one`,
    retry: "never",
  });
}

function damaged(position: number, state: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot replay the log: entry ${position}: ${state}; "toka verify" names the first entry that differs`,
    retry: "never",
  });
}
