/**
 * Makes a vault from a backup. No vault is asked: the one that was kept may be gone.
 */
import { restoreVault } from "@toka/store";

import type { Places } from "../places.ts";

/** A vault that was restored. */
export type Restored = Awaited<ReturnType<typeof restoreVault>>;

/** What is asked for. */
export interface RestoreRequest {
  /** Absolute folder of the backup. */
  readonly from: string;
  /** Absolute folder of the vault: absent or empty. */
  readonly into: string;
  /** As of an entry, or of the last one up to a time in ms; the end of the backup when both are absent. */
  readonly position?: number;
  readonly timeMs?: number;
  /** Public key that must have signed it. */
  readonly key?: string;
  /** An older checkpoint that it must continue. */
  readonly checkpoint?: string;
  /** Ends it; nothing is there then. */
  readonly signal: AbortSignal;
  /** Told of each entry that was read. */
  readonly onProgress?: (position: number) => void;
}

/**
 * Makes a vault from a backup.
 *
 * @param places - of the call: where it is known from then on
 * @param request - from where, into where, and as of when
 * @returns the vault, which is held
 * @throws a failure `backup_damaged`, `vault_exists` and the like
 */
export async function restoreBackup(
  { knownVaults }: Pick<Places, "knownVaults">,
  { key, checkpoint, position, timeMs, ...request }: RestoreRequest,
): Promise<Restored> {
  const trusted = { ...(key === undefined ? {} : { key }), ...(checkpoint === undefined ? {} : { checkpoint }) };
  const until = { ...(position === undefined ? {} : { position }), ...(timeMs === undefined ? {} : { timeMs }) };
  return restoreVault({ ...request, trusted, until, knownVaults });
}
