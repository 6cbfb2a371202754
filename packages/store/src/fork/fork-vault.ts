/**
 * Forking: a new vault that goes on from an entry of another. It holds its own entries alone and reads those before them where
 * they lie, so that it costs the same however long the log is.
 *
 * The other vault may be open in any process meanwhile: nothing of it is written, and what a log holds never changes.
 */
import { chmod, mkdir, readdir } from "node:fs/promises";
import type { FolderMove } from "@toka/kernel";
import { createLogFile } from "../backends/sqlite/file.ts";
import { openReadOnlyLog, type ReadOnlyLog } from "../backends/sqlite/read-only.ts";
import { checkpointKeyPurpose } from "../checkpoint.ts";
import { assembleVault, newVaultId } from "../create-vault.ts";
import { digestText } from "../digest.ts";
import { StoreFailure } from "../failure.ts";
import type { Fold } from "../fold.ts";
import { recordKnownVault } from "../known-vaults.ts";
import { foldAt, vouchFor, type PastOptions } from "../past.ts";
import { lockVault } from "../vault.ts";
import { vaultFiles, type VaultFiles } from "../vault-files.ts";
import { writeParentFile, type Parent } from "./parent-file.ts";

/** What a fork is made from and where. */
export interface ForkOptions extends PastOptions {
  /** Folder of the fork; it is made, and nothing may be in it. */
  readonly into: string;
  /** Path of the known-vaults file; null keeps nothing outside the fork. */
  readonly knownVaults: string | null;
  /** Folders that are elsewhere for the fork. */
  readonly moves: readonly FolderMove[];
  /** Host time, ms since 1970; the system's when absent. */
  readonly clock?: () => number;
}

/** A fork that was made. */
export interface Forked {
  /** Its own id. */
  readonly vault: string;
  /** Real path of its folder. */
  readonly dir: string;
  /** The vault that it comes from, as it is called up to there. */
  readonly parent: string;
  /** Entries shared. */
  readonly position: number;
  /** Effects that were under way there, and leases that ended. */
  readonly abandoned: number;
  readonly released: number;
}

/**
 * Makes a vault that goes on from an entry of another.
 *
 * @param at the last entry that it shares
 * @param options which vault, and where the new one is to be
 * @returns the fork, which is held
 * @throws StoreFailure `position_beyond` when the log is shorter, `vault_exists` when something is in the folder,
 *   `vault_damaged` or `parent_missing` when the log cannot be read up to there
 */
export async function forkVault(at: number, options: ForkOptions): Promise<Forked> {
  const { dir, head, key } = options;
  if (at < 1 || at > head.position)
    throw new StoreFailure("position_beyond", {
      message: `Cannot fork the vault ${dir} at entry ${at}: wanted an entry from 1 to ${head.position}, the last one there is`,
      retry: "later",
    });
  const files = vaultFiles(dir);
  const log = openReadOnlyLog(files.log);
  try {
    const fold = await foldAt(at, { dir, log, key });
    const known = await parentOf(fold, { files, log });
    const { effects, leases } = fold.state;
    const [abandoned, released] = [effects.size, leases.size];
    await vouchFor(fold, { dir, log, key, head });
    const made = await assemble(fold, { parent: known, options });
    return { ...made, parent: known.vault, position: at, abandoned, released };
  } finally {
    log.close();
  }
}

/** What the fork is to know of where it comes from: the vault in whose folder its last shared entry lies. */
async function parentOf(
  fold: Fold,
  { files, log }: { readonly files: VaultFiles; readonly log: ReadOnlyLog },
): Promise<Parent> {
  const { position, digest } = fold.head;
  const checkpoints = await log.checkpoints({ after: 0, limit: Number.MAX_SAFE_INTEGER });
  const keys = fold.state.vault?.keys.filter(({ purpose }) => purpose === checkpointKeyPurpose) ?? [];
  return {
    path: log.parts.findLast(({ upTo }) => upTo >= position)?.folder ?? files.dir,
    vault: fold.state.vault?.vault ?? "",
    position,
    digest,
    keys: keys.map(({ publicKey }) => publicKey),
    checkpoint: checkpoints.findLast(({ size }) => size <= position)?.size ?? 0,
  };
}

async function assemble(
  fold: Fold,
  { parent, options }: { readonly parent: Parent; readonly options: ForkOptions },
): Promise<Pick<Forked, "vault" | "dir">> {
  const { into, knownVaults, moves, clock = Date.now } = options;
  const vault = newVaultId();
  await mkdir(into, { recursive: true, mode: 0o700 });
  const files = vaultFiles(into);
  // Before anything is made in it, the lock too.
  await refuseUsed(files);
  await chmod(files.dir, 0o700);
  const lock = lockVault(files);
  try {
    await refuseUsed(files);
    const { key, checkpoint } = await assembleVault(files, {
      vault,
      clock,
      prepare: async (fresh) => {
        createLogFile(fresh.log, parent.position);
        writeParentFile(fresh.dir, parent);
      },
      load: async () => fold,
      first: {
        type: "vault.fork",
        vault,
        parent: parent.vault,
        position: parent.position,
        digest: parent.digest,
        root: digestText(fold.tree.root()),
        moves,
      },
      snapshot: true,
      beside: ["parent"],
    });
    const { note, size } = checkpoint;
    if (knownVaults !== null)
      await recordKnownVault(knownVaults, { path: files.dir, vault, key, checkpoint: note, size });
    return { vault, dir: files.dir };
  } finally {
    lock.release();
  }
}

/** What is there when nothing is: the lock, and what a creation that was cut short has left. */
const ours: ReadonlySet<string> = new Set(["lock", "lock-journal", "new"]);

async function refuseUsed({ dir }: VaultFiles): Promise<void> {
  const found = (await readdir(dir)).find((name) => !ours.has(name));
  if (found === undefined) return;
  throw new StoreFailure("vault_exists", {
    message: `Cannot make a fork in ${dir}: "${found}" is there already; give a folder that is empty or not there`,
    retry: "never",
  });
}
