/**
 * Backs up a vault: whoever holds it signs its head, and this process reads the files and writes the backup. So a backup is written
 * with the rights of whoever asked for it, and costs the one that holds the vault a signature.
 */
import { backUp, type BackUpReport } from "@toka/store";

import { askVault } from "../ask-vault.ts";
import type { Places } from "../places.ts";
import { backupFolder, realOf, remember } from "./kept-backups.ts";

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
  const dir = realOf(places.vault);
  const to = backupFolder(request.to, dir);
  const asking = { purpose: "read", clock: Date.now, onNote } as const;
  const { key, ...head } = await askVault(places, { ...asking, use: async (api) => api.checkpoint() });
  const report = await backUp({ dir, to, key, head, signal, ...(onProgress === undefined ? {} : { onProgress }) });
  await remember(dir, { to, size: report.size, timeMs: Date.now() });
  return report;
}
