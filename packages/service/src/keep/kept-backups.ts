/**
 * Where a vault's backups lie: what may be such a folder, and which the vault remembers.
 */
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { replaceFile } from "@toka/store";

import { ServiceFailure, systemCode } from "../failure.ts";
import { liesIn } from "../places.ts";

/** A backup that was made, as the vault remembers it. */
export interface KeptBackup {
  readonly to: string;
  /** Entries that it holds. */
  readonly size: number;
  /** When it was made, ms since 1970. */
  readonly timeMs: number;
}

/** Name of the file in a vault's folder that remembers its backups. */
export const backupsFile = "backups";

/** Folders that are remembered, the last ones. */
const rememberedMax = 16;

/**
 * The backups that a vault remembers.
 *
 * @param dir - its folder
 * @returns them, the last one first; none when nothing can be read
 */
export function backupsOf(dir: string): readonly KeptBackup[] {
  try {
    const found: unknown = JSON.parse(readFileSync(join(dir, backupsFile), "utf8"));
    return Array.isArray(found) ? found.filter(isKept) : [];
  } catch {
    return [];
  }
}

function isKept(value: unknown): value is KeptBackup {
  if (typeof value !== "object" || value === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...value };
  return typeof fields["to"] === "string" && typeof fields["size"] === "number" && typeof fields["timeMs"] === "number";
}

/**
 * Remembers that a backup was made.
 *
 * @param dir - folder of the vault
 * @param made - where and when
 * @throws the system's error when it cannot be written
 */
export async function remember(dir: string, made: KeptBackup): Promise<void> {
  const others = backupsOf(dir).filter(({ to }) => to !== made.to);
  await replaceFile(join(dir, backupsFile), `${JSON.stringify([made, ...others].slice(0, rememberedMax))}\n`);
}

/**
 * The folder that a backup goes to, free of symbolic links as far as it exists.
 *
 * @param to - absolute
 * @param dir - real folder of the vault
 * @returns the folder
 * @throws a failure `backup_inside` when it lies in the vault
 */
export function backupFolder(to: string, dir: string): string {
  const real = realOf(to);
  if (!liesIn(real, dir)) return real;
  throw new ServiceFailure("backup_inside", {
    message: `Cannot back up to ${real}: it lies in the vault itself; wanted a folder elsewhere, best on another disk`,
  });
}

/**
 * A path free of symbolic links; what is not there yet lies where its parent does.
 *
 * @returns the path
 * @throws the system's error when it cannot be told
 */
export function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    return resolve(realOf(dirname(path)), basename(path));
  }
}
