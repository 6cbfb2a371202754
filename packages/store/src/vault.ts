/** An open vault: its one writer, from the lock to the last checkpoint. */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { decodeEntry, genesisIds, Newer, type Caller } from "@toka/kernel";
import { clientsAt, writerAt } from "./backends/sqlite/file.ts";
import { openSqliteLog } from "./backends/sqlite/log.ts";
import { isDamage } from "./backends/sqlite/result-code.ts";
import { checkpointKeyPurpose, originOf } from "./checkpoint.ts";
import { digestOf } from "./digest.ts";
import { StoreFailure, textOf } from "./failure.ts";
import { Fold } from "./fold.ts";
import { Keeper } from "./keeper.ts";
import { keepState } from "./kept-states.ts";
import {
  checkpointOfKnown,
  differenceAtKnown,
  differenceFromKnown,
  notTheKnown,
  type Presented,
} from "./known-check.ts";
import { knownOf, readKnownVaults, type KnownVault } from "./known-vaults.ts";
import { tryLock, type HeldLock } from "./lock.ts";
import type { CheckpointRow, Log } from "./log.ts";
import { Machine } from "./machine.ts";
import { signerOf, type NoteSigner } from "./note.ts";
import { Prover } from "./proof/prover.ts";
import { newerEntry, replay } from "./replay.ts";
import { readSnapshot } from "./snapshot.ts";
import { vaultFiles, type VaultFiles } from "./vault-files.ts";

/** How a vault is opened. */
export interface OpenVaultOptions {
  /** Folder of the vault. */
  readonly dir: string;
  /** Host time, ms since 1970; the system's when absent. */
  readonly clock?: () => number;
  /** Path of the known-vaults file; null keeps nothing outside the vault, and then a rollback cannot be noticed. */
  readonly knownVaults: string | null;
  /** The vault takes the place of whatever is known at its path, without being compared with it: it was made a moment ago. */
  readonly replacesKnown?: boolean;
  /** Told of trouble that stops nobody, such as a snapshot that could not be written. */
  readonly onTrouble?: (thrown: unknown) => void;
  /** Wraps the log that the vault writes to; tests put failing disks here. */
  readonly wrapLog?: (log: Log) => Log;
}

/** An open vault. One process has it open at a time. */
export interface Vault {
  /** Real path of the folder. */
  readonly dir: string;
  /** `vault-…`. */
  readonly id: string;
  /** The host of this vault as a caller, proved by the user id of this process. */
  readonly host: Caller;
  /** Public key that signs its checkpoints, in the text form of signed notes. */
  readonly key: string;
  /** Entries in the log when it was opened, and how many of them had to be replayed. */
  readonly opened: { readonly entries: number; readonly replayed: number };
  readonly machine: Machine;
  /**
   * Signs a checkpoint of everything durable, and waits until the known-vaults file and the snapshot have followed.
   *
   * @returns the checkpoint
   * @throws a failure of the log
   */
  checkpoint(): Promise<CheckpointRow>;
  /** Makes proofs of what is in the log. */
  readonly prover: Prover;
  /**
   * Decides what still waits, signs the last checkpoint and lets go of the vault.
   *
   * @throws a failure of the log; the vault is let go of all the same
   */
  close(): Promise<void>;
}

/**
 * The user of this process as a proof.
 *
 * @returns a proof by local user id
 */
export function localProof(): Caller["proof"] {
  return { method: "local-uid", digest: digestOf(`uid:${process.getuid?.() ?? "none"}`) };
}

/**
 * Whether there is a vault in a folder. It says nothing of its health.
 *
 * @returns true when it has a log
 */
export function vaultExists(dir: string): boolean {
  return existsSync(vaultFiles(dir).log);
}

/**
 * Opens the vault in a folder for its one writer.
 *
 * @returns the vault; whoever opened it must close it
 * @throws StoreFailure `vault_absent`, `vault_locked` when another process has it open, `vault_damaged`, `vault_newer`, or
 *   `vault_swapped`, `vault_key_changed`, `vault_rolled_back`, `vault_rewritten` when it is not what known-vaults remembers
 */
export async function openVault(options: OpenVaultOptions): Promise<Vault> {
  const files = vaultFiles(options.dir);
  if (!existsSync(files.log))
    throw new StoreFailure("vault_absent", {
      message: `Cannot open the vault ${files.dir}: there is none`,
      retry: "never",
    });
  const lock = lockVault(files);
  let log: Log | undefined;
  try {
    const plain = openSqliteLog(clientsAt(files));
    log = options.wrapLog?.(plain) ?? plain;
    return await openOver({ files, lock, log, options });
  } catch (thrown) {
    await log?.close();
    lock.release();
    if (thrown instanceof StoreFailure && thrown.code === "vault_newer") throw withWriter(thrown, files);
    if (!isDamage(thrown)) throw thrown;
    throw new StoreFailure("vault_damaged", {
      message: `Cannot open the vault ${files.dir}: the file of its log is damaged: ${textOf(thrown)}`,
      retry: "never",
      cause: thrown,
    });
  }
}

/** Which Toka wrote here last is worth knowing to whoever cannot read it. */
function withWriter({ message, retry }: StoreFailure, files: VaultFiles): StoreFailure {
  const writer = writerAt(files.log);
  const told = writer === undefined || message.includes(writer) ? "" : `; the last that wrote here is Toka ${writer}`;
  return new StoreFailure("vault_newer", { message: message + told, retry });
}

/**
 * Takes the lock of a vault's folder.
 *
 * @returns the lock
 * @throws StoreFailure `vault_locked`
 */
export function lockVault(files: VaultFiles): HeldLock {
  const lock = tryLock(files.lock);
  if (lock !== undefined) return lock;
  throw new StoreFailure("vault_locked", {
    message: `Cannot open the vault ${files.dir}: another process has it open; use its socket, or stop that process first`,
    retry: "later",
  });
}

interface Opening {
  readonly files: VaultFiles;
  readonly lock: HeldLock;
  readonly log: Log;
  readonly options: OpenVaultOptions;
}

async function openOver({ files, lock, log, options }: Opening): Promise<Vault> {
  const onTrouble = options.onTrouble ?? ((): void => undefined);
  const id = await vaultIdOf(log, files);
  const signer = await readSigner(files, id);
  const { position: entries } = await log.head();
  const presented: Presented = { path: files.dir, vault: id, key: signer.verifier.text, entries };
  const known = options.replacesKnown === true ? undefined : await knownFor(options.knownVaults, presented);
  let snapshotSize = 0;
  const load = async (): Promise<Fold> => {
    const loaded = await loadFold({ log, signer, files, known, presented, file: options.knownVaults ?? "" });
    snapshotSize = loaded.snapshotSize;
    if (loaded.unusable !== undefined) onTrouble(new Error(`Cannot use the snapshot: ${loaded.unusable}`));
    return loaded.fold;
  };
  const first = await load();
  checkRecordedKey(first, { signer, files });
  const last = await log.lastCheckpoint();
  if (last !== undefined && last.size > entries)
    throw new StoreFailure("vault_rolled_back", {
      message: `Cannot open the vault ${files.dir}: it has ${entries} entries, and its own last checkpoint covers ${last.size}`,
      retry: "never",
    });
  const keeperParts = {
    log,
    signer,
    vault: id,
    path: files.dir,
    knownVaults: options.knownVaults,
    snapshotPath: files.snapshot,
    onSnapshot: (size: number) => keepState(files, { size }),
    onTrouble,
  };
  const keeper = new Keeper(keeperParts, { checkpoint: last?.size ?? 0, snapshot: snapshotSize });
  const host: Caller = { principal: genesisIds.host, grant: null, proof: localProof() };
  let loaded: Fold | undefined = first;
  const machine = new Machine({
    log,
    host,
    clock: options.clock ?? Date.now,
    load: async () => {
      const fold = loaded ?? (await load());
      loaded = undefined;
      return fold;
    },
    restsAfter: (recorded) => keeper.isDue(recorded),
    atRest: (fold) => keeper.atRest(fold),
  });
  await machine.start();
  // First sight: from here on this is the vault that is known at this path.
  if (known === undefined) await keeper.remember();
  const opened = { entries, replayed: entries - snapshotSize };
  return openedVault({ files, lock, log, machine, keeper, id, host, opened, key: signer.verifier.text });
}

function openedVault(parts: {
  readonly files: VaultFiles;
  readonly lock: HeldLock;
  readonly log: Log;
  readonly machine: Machine;
  readonly keeper: Keeper;
  readonly id: string;
  readonly host: Caller;
  readonly key: string;
  readonly opened: Vault["opened"];
}): Vault {
  const { files, lock, log, machine, keeper, id, host, key, opened } = parts;
  const checkpoint = async (): Promise<CheckpointRow> => {
    const kept = await machine.still((fold) => keeper.keep(fold, { snapshot: true }));
    await keeper.settled();
    return kept;
  };
  const prover = new Prover({ log, treePath: files.tree, key, head: checkpoint });
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    try {
      await machine.close();
      await checkpoint();
    } finally {
      try {
        await log.close();
      } finally {
        lock.release();
      }
    }
  };
  return { dir: files.dir, id, host, key, opened, machine, checkpoint, prover, close: () => (closing ??= close()) };
}

/** Whose log it says that it is; that its own key signs for it, and that the state says so too, is checked when it is folded. */
async function vaultIdOf(log: Log, files: VaultFiles): Promise<string> {
  const forked = await forkIn(log);
  if (forked !== undefined) return forked;
  const [first] = await log.read({ after: 0, limit: 1 });
  try {
    const operation = first === undefined ? undefined : decodeEntry(first.bytes).operation;
    if (operation?.type !== "vault.open") throw new Error("its first entry does not open a vault");
    return operation.vault;
  } catch (thrown) {
    if (thrown instanceof Newer) throw newerEntry(1, thrown);
    throw new StoreFailure("vault_damaged", {
      message: `Cannot open the vault ${files.dir}: ${textOf(thrown)}`,
      retry: "never",
    });
  }
}

/** A fork's checkpoints are of its own log, whatever its first entry says: that one is its parent's. */
async function forkIn(log: Log): Promise<string | undefined> {
  const last = await log.lastCheckpoint();
  const vault = /^toka\/(vault-[0-9a-f]{32})\n/u.exec(last?.note ?? "")?.[1];
  if (vault === undefined) return undefined;
  // A log that is whole begins with an entry that opens a vault; of another one it need not be at hand.
  try {
    const [first] = await log.read({ after: 0, limit: 1 });
    const operation = first === undefined ? undefined : decodeEntry(first.bytes).operation;
    return operation?.type === "vault.open" && operation.vault !== vault ? vault : undefined;
  } catch (thrown) {
    return thrown instanceof StoreFailure && thrown.code === "parent_missing" ? vault : undefined;
  }
}

async function readSigner(files: VaultFiles, vault: string): Promise<NoteSigner> {
  try {
    return signerOf(originOf(vault), await readFile(files.key, "utf8"));
  } catch (thrown) {
    throw new StoreFailure("vault_damaged", {
      message: `Cannot open the vault ${files.dir}: its key cannot be read: ${textOf(thrown)}`,
      retry: "never",
      cause: thrown,
    });
  }
}

async function knownFor(file: string | null, presented: Presented): Promise<KnownVault | undefined> {
  if (file === null) return undefined;
  const known = knownOf(await readKnownVaults(file), presented);
  if (known === undefined) return undefined;
  const difference = differenceFromKnown(known, presented);
  if (difference !== undefined) throw notTheKnown(presented, { difference, file });
  return known;
}

/** The fold at the head: from the snapshot when it fits, else from the first entry; compared with the known checkpoint on the way. */
async function loadFold(from: {
  readonly log: Log;
  readonly signer: NoteSigner;
  readonly files: VaultFiles;
  readonly known: KnownVault | undefined;
  readonly presented: Presented;
  readonly file: string;
}): Promise<{ readonly fold: Fold; readonly snapshotSize: number; readonly unusable?: string }> {
  const { log, signer, files, known, presented, file } = from;
  const checkpoint = known === undefined ? undefined : checkpointOfKnown(known);
  const snapshot = existsSync(files.snapshot)
    ? await readSnapshot(files.snapshot, { log, verifier: signer.verifier })
    : undefined;
  // A snapshot beyond the known checkpoint would let the replay pass it unseen.
  const usable =
    snapshot !== undefined && "fold" in snapshot && snapshot.fold.head.position <= (checkpoint?.size ?? Infinity)
      ? snapshot
      : undefined;
  const fold = usable?.fold ?? new Fold();
  const snapshotSize = fold.head.position;
  const passing = (position: number): void => {
    if (checkpoint === undefined || position !== checkpoint.size) return;
    const difference = differenceAtKnown(checkpoint, { root: fold.tree.root(), state: fold.stateDigest() });
    if (difference !== undefined) throw notTheKnown(presented, { difference, file });
  };
  passing(snapshotSize);
  await replay(fold, { log, passing });
  return snapshot !== undefined && "unusable" in snapshot
    ? { fold, snapshotSize, unusable: snapshot.unusable }
    : { fold, snapshotSize };
}

function checkRecordedKey(
  fold: Fold,
  { signer, files }: { readonly signer: NoteSigner; readonly files: VaultFiles },
): void {
  // The name of the key is the vault's: it signs for no other.
  const recorded = fold.state.vault?.keys.some(
    (key) => key.purpose === checkpointKeyPurpose && key.publicKey === signer.verifier.text,
  );
  if (recorded !== true)
    throw new StoreFailure("vault_key_changed", {
      message: `Cannot open the vault ${files.dir}: its key is not the one that its log records`,
      retry: "never",
    });
}
