/**
 * Kept states: snapshots of earlier moments, so that the state after any entry is had by replaying a part of the log.
 *
 * Each is the very file that was the vault's snapshot once, under a second name, so that keeping it writes nothing. Like a
 * snapshot it is never believed, and nothing is lost with it but time.
 */
import { constants } from "node:fs";
import { copyFile, link, mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { systemCodeOf } from "./failure.ts";
import { keptStateEntriesMin, keptStatesBytesMin, keptStatesPartOfLog } from "./limits.ts";
import type { VaultFiles } from "./vault-files.ts";

/** A kept state: the entries it covers, and its bytes on the disk. */
export interface KeptState {
  readonly size: number;
  readonly bytes: number;
}

/** What is to be kept, and how far from the one before. */
export interface Keeping {
  /** Entries that the snapshot covers. */
  readonly size: number;
  readonly entriesMin?: number;
}

/**
 * Keeps the snapshot that stands there now, unless one nearby is kept already or there is no room for it.
 *
 * @param files of the vault
 * @param keeping its size
 * @throws the system's error; whatever was kept before and need not make room still is
 */
export async function keepState(
  files: Pick<VaultFiles, "snapshot" | "states" | "log">,
  { size, entriesMin = keptStateEntriesMin }: Keeping,
): Promise<void> {
  const found = await keptStates(files.states);
  // Of more entries than the log has: it was put back to an earlier copy.
  const beyond = found.filter((one) => one.size > size).map((one) => one.size);
  const kept = found.filter((one) => one.size <= size);
  const { size: bytes } = await stat(files.snapshot);
  const bytesMax = Math.max(keptStatesBytesMin, Math.floor((await stat(files.log)).size / keptStatesPartOfLog));
  const gone = size - (kept.at(-1)?.size ?? 0) < entriesMin ? undefined : makingRoom(kept, { size, bytes, bytesMax });
  for (const one of [...beyond, ...(gone ?? [])]) await rm(join(files.states, String(one)), { force: true });
  if (gone === undefined) return;
  await mkdir(files.states, { recursive: true, mode: 0o700 });
  await linkOrCopy(files.snapshot, join(files.states, String(size)));
}

/**
 * The kept states of a vault.
 *
 * @param folder of kept states; it need not be there
 * @returns them, those of fewer entries first
 */
export async function keptStates(folder: string): Promise<readonly KeptState[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  const kept: KeptState[] = [];
  for (const name of names) {
    if (!/^[1-9][0-9]{0,14}$/u.test(name)) continue;
    const found = await stat(join(folder, name));
    if (found.isFile()) kept.push({ size: Number(name), bytes: found.size });
  }
  return kept.toSorted((left, right) => left.size - right.size);
}

/**
 * Which kept states must go so that another can be kept. The one that is missed least goes first: that whose neighbours stand
 * nearest to each other. So a log that grows is covered evenly, ever more thinly.
 *
 * @param kept those of fewer entries first
 * @param next the one to be kept, and the most that all may take
 * @returns their sizes; undefined when there is no room for the next one alone
 */
export function makingRoom(
  kept: readonly KeptState[],
  next: KeptState & { readonly bytesMax: number },
): readonly number[] | undefined {
  if (next.bytes > next.bytesMax) return undefined;
  const left: KeptState[] = [...kept, next];
  const gone: number[] = [];
  let bytes = left.reduce((sum, one) => sum + one.bytes, 0);
  while (bytes > next.bytesMax) {
    const least = leastMissed(left);
    const [removed] = left.splice(least, 1);
    if (removed === undefined) return undefined;
    bytes -= removed.bytes;
    gone.push(removed.size);
  }
  return gone;
}

/** Never the last: it is the one to be kept. */
function leastMissed(kept: readonly KeptState[]): number {
  let least = 0;
  let gapMin = Number.POSITIVE_INFINITY;
  for (let at = 0; at < kept.length - 1; at += 1) {
    const gap = (kept[at + 1]?.size ?? 0) - (kept[at - 1]?.size ?? 0);
    if (gap < gapMin) [least, gapMin] = [at, gap];
  }
  return least;
}

/** A file system without second names gets a copy, under its name only when it is whole. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    const code = systemCodeOf(error);
    if (code === "EEXIST") return;
    if (code === undefined || !["EPERM", "ENOTSUP", "EOPNOTSUPP", "EMLINK", "ENOSYS"].includes(code)) throw error;
    await copyFile(from, `${to}.next`, constants.COPYFILE_FICLONE);
    await rename(`${to}.next`, to);
  }
}
