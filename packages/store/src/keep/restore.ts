/**
 * Restoring: a vault from a backup, as it was after some entry. Everything is decided again on the way, so that what stands
 * afterwards is what was signed. It is another vault than the one that was lost, goes on from its log, and is held.
 * Source: docs/decisions/0027-forks.md, docs/decisions/0028-backups.md.
 */
import { chmod, mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { clientsAt, createLogFile } from "../backends/sqlite/file.ts";
import { openSqliteLog } from "../backends/sqlite/log.ts";
import { assembleVault, newVaultId } from "../create-vault.ts";
import { digestText } from "../digest.ts";
import { StoreFailure } from "../failure.ts";
import { Fold } from "../fold.ts";
import { recordKnownVault } from "../known-vaults.ts";
import type { LogRow } from "../log.ts";
import type { Trusted } from "../proof/anchor.ts";
import { replay } from "../replay.ts";
import { lockVault } from "../vault.ts";
import { vaultFiles, type VaultFiles } from "../vault-files.ts";
import { BadSegment, readBackup, type BackupRead } from "./read-backup.ts";
import { damagedBackup, readBackupFolder } from "./segment-files.ts";
import { TakeIn, type TakeUntil } from "./take-in.ts";

/** What is restored, and where. */
export interface RestoreOptions {
  /** Folder of the backup. */
  readonly from: string;
  /** Folder of the vault; it is made, and nothing may be in it. */
  readonly into: string;
  /** What is known already of whose backup it is. */
  readonly trusted: Trusted;
  /** How far. */
  readonly until: Partial<TakeUntil>;
  /** Path of the known-vaults file; null keeps nothing outside the vault. */
  readonly knownVaults: string | null;
  /** Host time, ms since 1970; the system's when absent. */
  readonly clock?: () => number;
  /** Ends it between two entries; nothing is there then. */
  readonly signal: AbortSignal;
  /** Told of each entry that was read. */
  readonly onProgress?: (position: number) => void;
}

/** A vault that was restored. */
export interface Restored {
  /** Its own id. */
  readonly vault: string;
  /** Real path of its folder. */
  readonly dir: string;
  /** Id of the vault that the backup is of. */
  readonly parent: string;
  /** The last entry that was restored, and its effective time in ms. */
  readonly position: number;
  readonly timeMs: number;
  /** What vouches for the key that signed the backup. */
  readonly signedBy: "key" | "checkpoint" | "file";
}

/** Where the log lies while it comes in. */
const incoming = "incoming";

/** What may lie in the folder: what an attempt before has left. */
const ours: ReadonlySet<string> = new Set(["lock", "lock-journal", "new", incoming]);

/**
 * Restores a vault.
 *
 * @param options from where, into where, and how far
 * @returns the vault, which is held
 * @throws StoreFailure `backup_damaged`, `vault_exists` when something is in the folder, `position_beyond` when the backup ends
 *   before, `restore_erased` when contents that were there then were erased since; the system's error when it cannot be written
 */
export async function restoreVault(options: RestoreOptions): Promise<Restored> {
  const { into, until, from } = options;
  if (until.position !== undefined && until.position < 2) throw beyond(until.position, "2 on");
  const { segments } = await readBackupFolder(from);
  const end = segments.at(-1)?.last ?? 0;
  if (end === 0) throw damagedBackup(from, "there is no segment in it");
  if ((until.position ?? 0) > end) throw beyond(until.position, `2 to ${end}`);
  await mkdir(into, { recursive: true, mode: 0o700 });
  const files = vaultFiles(into);
  // Before anything is made in it, the lock too.
  await refuseUsed(files.dir);
  await chmod(files.dir, 0o700);
  const lock = lockVault(files);
  const folder = join(files.dir, incoming);
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { mode: 0o700 });
    const taken = await takeIn(vaultFiles(folder), options);
    return await goOn(files, { taken, folder, options });
  } finally {
    await rm(folder, { recursive: true, force: true });
    lock.release();
  }
}

async function refuseUsed(dir: string): Promise<void> {
  const found = (await readdir(dir)).find((name) => !ours.has(name));
  if (found === undefined) return;
  throw new StoreFailure("vault_exists", {
    message: `Cannot restore a vault into ${dir}: "${found}" is there already; give a folder that is empty or not there`,
    retry: "never",
  });
}

interface Taken {
  readonly fold: Fold;
  readonly last: LogRow;
  readonly read: BackupRead;
}

/** Reads the backup into a log of its own, and decides every entry again. */
async function takeIn(files: VaultFiles, options: RestoreOptions): Promise<Taken> {
  const { from, trusted, signal, onProgress } = options;
  const until = { position: Number.POSITIVE_INFINITY, timeMs: Number.POSITIVE_INFINITY, ...options.until };
  createLogFile(files.log);
  const log = openSqliteLog(clientsAt(files));
  try {
    const sink = new TakeIn(log, until);
    const read = await readBackup({
      ...{ dir: from, trusted, sink, until: until.position },
      settle: () => {
        if (signal.aborted) throw stopped(options.into);
        return sink.settle();
      },
      ...(onProgress === undefined ? {} : { onEntry: (position) => onProgress(position) }),
    }).catch((thrown: unknown) => {
      if (!(thrown instanceof BadSegment)) throw thrown;
      throw damagedBackup(from, `${thrown.file}:${thrown.line}: ${thrown.message}`);
    });
    const [absent] = read.check.absent;
    if (absent !== undefined) throw damagedBackup(from, `the payload ${absent} is missing, and an entry names it`);
    await sink.finish();
    const { last } = sink;
    checkMoment(last, { sink, options, size: read.check.size });
    // Read on to a signed head, the state is that of a later moment.
    const fold = read.check.size === last.position ? read.check.fold : new Fold();
    await replay(fold, { log });
    return { fold, last, read };
  } finally {
    await log.close();
  }
}

function checkMoment(
  last: LogRow | undefined,
  from: { readonly sink: TakeIn; readonly options: RestoreOptions; readonly size: number },
): asserts last is LogRow {
  const { sink, options, size } = from;
  if (last === undefined || last.position < 2) throw beyond(options.until.position, `2 to ${size}`);
  if (sink.erasedSince > last.position)
    throw new StoreFailure("restore_erased", {
      message: `Cannot restore the vault as of entry ${last.position}: entry ${sink.erasedSince} erased contents that were there then; restore it as of entry ${sink.erasedSince} or later`,
      retry: "never",
    });
}

function beyond(position: number | undefined, wanted: string): StoreFailure {
  const found = position === undefined ? "that time" : `entry ${position}`;
  return new StoreFailure("position_beyond", {
    message: `Cannot restore the vault as of ${found}: wanted a moment from entry ${wanted}`,
    retry: "never",
  });
}

/** Makes the vault that goes on from there. */
async function goOn(
  files: VaultFiles,
  from: { readonly taken: Taken; readonly folder: string; readonly options: RestoreOptions },
): Promise<Restored> {
  const { taken, folder, options } = from;
  const { fold, last, read } = taken;
  const { clock = Date.now, knownVaults } = options;
  const vault = newVaultId();
  const parent = fold.state.vault?.vault ?? "";
  const { position, digest, timeMs } = last;
  const { key, checkpoint } = await assembleVault(files, {
    vault,
    clock,
    prepare: async (fresh) => rename(join(folder, "log.db"), fresh.log),
    load: async () => fold,
    first: {
      ...{ type: "vault.fork", vault, parent, position, moves: [] },
      ...{ digest, root: digestText(fold.tree.root()) },
    },
    snapshot: true,
  });
  const { note, size } = checkpoint;
  if (knownVaults !== null)
    await recordKnownVault(knownVaults, { path: files.dir, vault, key, checkpoint: note, size });
  return { vault, dir: files.dir, parent, position, timeMs, signedBy: read.anchor.by };
}

function stopped(into: string): StoreFailure {
  return new StoreFailure("backup_stopped", {
    message: `Cannot restore the vault into ${into}: it was stopped; nothing was left there`,
    retry: "later",
  });
}
