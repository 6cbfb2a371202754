/**
 * Locks that the kernel of the machine releases when their holder dies, however it dies: an exclusive SQLite transaction,
 * which is an fcntl lock on the file. A file with a process id in it would outlive its process.
 *
 * The lock belongs to the process and goes when any descriptor of the file is closed, so nothing else ever opens it.
 */
import { closeSync, existsSync, openSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

import { StoreFailure, textOf } from "./failure.ts";

/** SQLITE_BUSY: another connection holds the lock. */
const busy = 5;

/** A lock that is held until released. */
export interface HeldLock {
  release(): void;
}

// A connection that nobody refers to is closed by the garbage collector, and its lock goes with it: whoever keeps the machine of a
// vault and forgets the vault would share it with the next who opens it.
const held = new Set<DatabaseSync>();

/**
 * Takes a lock if nobody holds it.
 *
 * @param path of the lock file, made with mode 0600 when absent
 * @returns the lock, or undefined when another process or connection holds it
 * @throws StoreFailure `log_unavailable` when the file cannot be opened or locked, for instance because the disk is full
 */
export function tryLock(path: string): HeldLock | undefined {
  const db = opened(path);
  try {
    db.exec("BEGIN EXCLUSIVE");
  } catch (thrown) {
    db.close();
    if (thrown instanceof Error && "errcode" in thrown && thrown.errcode === busy) return undefined;
    throw unable(path, thrown);
  }
  held.add(db);
  return {
    release: () => {
      held.delete(db);
      if (db.isOpen) db.close();
    },
  };
}

function opened(path: string): DatabaseSync {
  try {
    // Only an absent file is made here: opening and closing one that this process has locked would drop the lock.
    if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
    return new DatabaseSync(path);
  } catch (thrown) {
    throw unable(path, thrown);
  }
}

function unable(path: string, cause: unknown): StoreFailure {
  return new StoreFailure("log_unavailable", {
    message: `Cannot lock ${path}: ${textOf(cause)}`,
    retry: "later",
    cause,
  });
}
