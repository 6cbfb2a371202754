/** Comparing a vault with what known-vaults remembers of it. */
import { openCheckpoint, type Checkpoint } from "./checkpoint.ts";
import { StoreFailure, type StoreFailureCode } from "./failure.ts";
import type { KnownVault } from "./known-vaults.ts";
import { verifierOf } from "./note.ts";

/** A vault as it presents itself. */
export interface Presented {
  readonly path: string;
  readonly vault: string;
  /** Public key, in the text form of signed notes. */
  readonly key: string;
  readonly entries: number;
}

/** A difference: a code for programs and the state in words. */
export interface KnownDifference {
  readonly code: StoreFailureCode;
  readonly state: string;
}

/**
 * Compares who the vault is, by whom it is signed and how long it is.
 *
 * @returns the first difference, or undefined
 */
export function differenceFromKnown(known: KnownVault, presented: Presented): KnownDifference | undefined {
  if (known.vault !== presented.vault)
    return {
      code: "vault_swapped",
      state: `it is ${presented.vault}, and ${known.vault} is what was seen here before`,
    };
  if (known.key !== presented.key)
    return {
      code: "vault_key_changed",
      state: `its log is signed with another key than the one seen before, ${known.key}`,
    };
  if (known.size > presented.entries)
    return {
      code: "vault_rolled_back",
      state: `it has ${presented.entries} entries, and ${known.size} were seen before`,
    };
  return undefined;
}

/**
 * Compares the tree and the state at the size of the known checkpoint.
 *
 * @returns the difference, or undefined
 */
export function differenceAtKnown(
  known: Checkpoint,
  found: { readonly root: Uint8Array; readonly state: string },
): KnownDifference | undefined {
  if (!Buffer.from(found.root).equals(Buffer.from(known.root)))
    return { code: "vault_rewritten", state: `its first ${known.size} entries are not those seen before` };
  if (found.state !== known.state)
    return { code: "vault_rewritten", state: `its state after ${known.size} entries is not the one seen before` };
  return undefined;
}

/**
 * The known checkpoint itself.
 *
 * @returns what it says
 * @throws StoreFailure `known_vaults_damaged` when it is not signed by the key beside it
 */
export function checkpointOfKnown(known: KnownVault): Checkpoint {
  const verifier = verifierOf(known.key);
  const checkpoint = verifier === undefined ? undefined : openCheckpoint(known.checkpoint, verifier);
  if (checkpoint === undefined)
    throw new StoreFailure("known_vaults_damaged", {
      message: `Cannot use what is known of the vault ${known.path}: its checkpoint is not signed by its key`,
      retry: "never",
    });
  return checkpoint;
}

/**
 * The failure that refuses to open a vault which is not the one that was seen.
 *
 * @returns a failure with the difference's code
 */
export function notTheKnown(
  presented: Presented,
  { difference, file }: { readonly difference: KnownDifference; readonly file: string },
): StoreFailure {
  return new StoreFailure(difference.code, {
    message: `Cannot open the vault ${presented.path}: ${difference.state}; if that is what you wanted, remove its record from ${file}`,
    retry: "never",
  });
}
