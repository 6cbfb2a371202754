/**
 * Verifies a vault from its files.
 */
import { verifyVault } from "@toka/store";

import type { Places } from "./places.ts";

/** What verification came to. */
export interface VaultVerdict {
  readonly ok: boolean;
  /** Entries checked: all of them, or those before the first difference. */
  readonly entries: number;
  /** Entries that were decided again and came out the same. */
  readonly reDecided: number;
  /** Entries that were not, as a whole: the bundle of a family is not in the vault. With any, the verdict is not OK. */
  readonly hashOnly: number;
  /** Of these, entries whose operation brought values that only a witness vouches for. */
  readonly attested: number;
  /** Of the entries, those that lie with the vault that this one was forked from; absent when there are none. */
  readonly shared?: number;
  readonly firstBad?: { readonly position: number; readonly reason: string };
}

/**
 * Decides every entry of a vault again, beside whatever process holds it.
 *
 * @param places - of the call
 * @returns the verdict
 * @throws a failure `vault_absent` when there is no vault, `known_vaults_damaged` when what is remembered cannot be read
 */
export async function verifyVaultFiles(places: Places): Promise<VaultVerdict> {
  const { ok, entries, reDecided, hashOnly, attested, shared, firstBad } = await verifyVault({
    dir: places.vault,
    knownVaults: places.knownVaults,
  });
  return {
    ok,
    entries,
    reDecided,
    hashOnly,
    attested,
    ...(shared === 0 ? {} : { shared }),
    ...(firstBad === undefined ? {} : { firstBad: { position: firstBad.position, reason: firstBad.reason } }),
  };
}
