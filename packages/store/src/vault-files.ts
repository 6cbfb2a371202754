/** The files of a vault's folder, and who may read them: the owner alone. */
import { realpathSync } from "node:fs";
import { join, resolve } from "node:path";

/** Paths of a vault. */
export interface VaultFiles {
  /** Real path of the folder, or its absolute path while it does not exist. */
  readonly dir: string;
  /** The log: entries, payloads and checkpoints. */
  readonly log: string;
  /** The lookup index: derived, and unsynced. */
  readonly lookup: string;
  /** Inner nodes of the tree, from which proofs are made: derived. */
  readonly tree: string;
  /** The private key that signs checkpoints. */
  readonly key: string;
  /** Held by the process that writes. */
  readonly lock: string;
  /** The last snapshot: derived. */
  readonly snapshot: string;
  /** Folder of snapshots of earlier moments: derived. */
  readonly states: string;
  /** Where a new vault is put together; whatever lies there was never finished. */
  readonly fresh: string;
}

/**
 * The paths of the vault in a folder.
 *
 * @param dir the folder, which need not exist
 * @returns the paths
 */
export function vaultFiles(dir: string): VaultFiles {
  const at = realOf(resolve(dir));
  return {
    dir: at,
    log: join(at, "log.db"),
    lookup: join(at, "lookup.db"),
    tree: join(at, "tree"),
    key: join(at, "key"),
    lock: join(at, "lock"),
    snapshot: join(at, "snapshot"),
    states: join(at, "states"),
    fresh: join(at, "new"),
  };
}

/** Known-vaults names a vault by its real path, so that two ways to the same folder are one vault. */
function realOf(dir: string): string {
  try {
    return realpathSync(dir);
  } catch {
    return dir;
  }
}
