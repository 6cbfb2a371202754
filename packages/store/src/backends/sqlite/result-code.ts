/** What SQLite says went wrong. Source: https://www.sqlite.org/rescode.html. */

/** SQLITE_BUSY: somebody holds a lock for longer than was waited. */
const busy = 5;

/** SQLITE_CORRUPT and SQLITE_NOTADB: the file is not what SQLite has written. */
const damage: readonly number[] = [11, 26];

/**
 * Whether somebody held a lock for longer than was waited.
 *
 * @returns true for SQLITE_BUSY
 */
export function isBusy(thrown: unknown): boolean {
  return primaryCode(thrown) === busy;
}

/**
 * Whether the file is not what SQLite has written.
 *
 * @returns true for SQLITE_CORRUPT and SQLITE_NOTADB
 */
export function isDamage(thrown: unknown): boolean {
  return damage.includes(primaryCode(thrown));
}

function primaryCode(thrown: unknown): number {
  const code = thrown instanceof Error && "errcode" in thrown ? thrown.errcode : 0;
  // The upper bits tell what a lock is held for, or what of the file is damaged.
  return typeof code === "number" ? code & 0xff : 0;
}
