/** The files of a backup: which segments there are, and what each is called. */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { StoreFailure, systemCodeOf } from "../failure.ts";

/** One segment: a compressed export of the entries between two checkpoints. */
export interface SegmentFile {
  readonly path: string;
  /** As a message names it. */
  readonly name: string;
  /** Positions of its first and last entry. */
  readonly first: number;
  readonly last: number;
}

const pattern = /^entries-(\d{15})-(\d{15})\.gz$/u;
const digits = 15;

/** The file that is held by who writes a backup. */
export const backupLock = "lock";

/** Ends the name of a segment that is not whole. */
export const unfinished = ".next";

/**
 * The name of a segment.
 *
 * @param of positions of its first and last entry
 * @returns a name that sorts as the positions do
 */
export function segmentName({ first, last }: Pick<SegmentFile, "first" | "last">): string {
  return `entries-${padded(first)}-${padded(last)}.gz`;
}

function padded(position: number): string {
  return String(position).padStart(digits, "0");
}

/** What lies in the folder of a backup. */
export interface BackupFolder {
  /** In order, each beginning where the one before it ends. */
  readonly segments: readonly SegmentFile[];
  /** Names that a backup has no part in. */
  readonly others: readonly string[];
}

/**
 * Looks into the folder of a backup.
 *
 * @param dir the folder; one that is not there is empty
 * @returns what lies there
 * @throws StoreFailure `backup_damaged` when a segment is missing, or two overlap
 */
export async function readBackupFolder(dir: string): Promise<BackupFolder> {
  const names = await readdir(dir).catch((error: unknown) => {
    if (systemCodeOf(error) === "ENOENT") return [];
    throw error;
  });
  const segments: SegmentFile[] = [];
  const others: string[] = [];
  for (const name of names.toSorted((left, right) => (left < right ? -1 : 1))) {
    const [, first, last] = pattern.exec(name) ?? [];
    if (first !== undefined && last !== undefined)
      segments.push({ path: join(dir, name), name, first: Number(first), last: Number(last) });
    else if (!isOurs(name)) others.push(name);
  }
  let wanted = 1;
  for (const { name, first, last } of segments) {
    if (first !== wanted || last < first)
      throw damagedBackup(dir, `the segment that begins with entry ${wanted} is missing: the next one is ${name}`);
    wanted = last + 1;
  }
  return { segments, others };
}

function isOurs(name: string): boolean {
  return name.startsWith(backupLock) || (name.endsWith(unfinished) && pattern.test(name.slice(0, -unfinished.length)));
}

/**
 * The failure of a backup that is not what it must be.
 *
 * @returns a failure `backup_damaged`
 */
export function damagedBackup(dir: string, state: string): StoreFailure {
  return new StoreFailure("backup_damaged", { message: `Cannot use the backup ${dir}: ${state}`, retry: "never" });
}
