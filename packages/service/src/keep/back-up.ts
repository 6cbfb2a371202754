/**
 * Backs up a vault: whoever holds it signs its head, and this process reads the files and writes the backup. So a backup is written
 * with the rights of whoever asked for it, and costs the one that holds the vault a signature.
 */
import { readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";

import { backUp, type BackUpReport, replaceFile } from "@toka/store";

import { askVault } from "../ask-vault.ts";
import { ServiceFailure, systemCode } from "../failure.ts";
import { liesIn, type Places } from "../places.ts";

/** What is asked for. */
export interface BackUpRequest {
  /** An absolute folder: absent, empty, or a backup of this vault. */
  readonly to: string;
  /** Ends it; what is whole by then stays. */
  readonly signal: AbortSignal;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
  /** Told how far it has come. */
  readonly onProgress?: (done: number, total: number) => void;
}

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
 * Brings a backup of a vault up to its head.
 *
 * @param places - of the call
 * @param request - where to
 * @returns what was added
 * @throws a failure `vault_absent`, `backup_of_another` and the like; the system's error when it cannot be written
 */
export async function backUpVault(places: Places, request: BackUpRequest): Promise<BackUpReport> {
  const { signal, onNote, onProgress } = request;
  const dir = realpathSync(places.vault, { encoding: "utf8" });
  const to = realOf(request.to);
  if (liesIn(to, dir))
    throw new ServiceFailure("backup_inside", {
      message: `Cannot back up to ${to}: it lies in the vault itself; wanted a folder elsewhere, best on another disk`,
    });
  const asking = { purpose: "read", clock: Date.now, onNote } as const;
  const { key, ...head } = await askVault(places, { ...asking, use: async (api) => api.checkpoint() });
  const report = await backUp({ dir, to, key, head, signal, ...(onProgress === undefined ? {} : { onProgress }) });
  await remember(dir, { to, size: report.size, timeMs: Date.now() });
  return report;
}

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

async function remember(dir: string, made: KeptBackup): Promise<void> {
  const others = backupsOf(dir).filter(({ to }) => to !== made.to);
  await replaceFile(join(dir, backupsFile), `${JSON.stringify([made, ...others].slice(0, rememberedMax))}\n`);
}

/** A folder that is not there yet lies where its parent does. */
function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if (systemCode(error) !== "ENOENT" || dirname(path) === path) throw error;
    return resolve(realOf(dirname(path)), basename(path));
  }
}
