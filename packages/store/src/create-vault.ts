/**
 * Creating a vault: put together in a folder of its own inside the vault's, then moved into place, the log last. A crash
 * on the way leaves a folder without a log, which is no vault, and in which a vault can be created.
 */
import { chmodSync, existsSync } from "node:fs";
import { mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { genesisIds, newestFlag, type Amounts, type Caller, type KernelLimits, type Operation } from "@toka/kernel";
import { clientsAt, createLogFile } from "./backends/sqlite/file.ts";
import { openSqliteLog } from "./backends/sqlite/log.ts";
import { checkpointKeyPurpose, originOf } from "./checkpoint.ts";
import { syncFolder } from "./durable-file.ts";
import { StoreFailure } from "./failure.ts";
import { Fold } from "./fold.ts";
import { Keeper } from "./keeper.ts";
import { readKnownVaults } from "./known-vaults.ts";
import type { CheckpointRow } from "./log.ts";
import { Machine } from "./machine.ts";
import { generateKey, signerOf, type NoteSigner } from "./note.ts";
import { localProof, lockVault, openVault, type OpenVaultOptions, type Vault } from "./vault.ts";
import { vaultFiles, type VaultFiles } from "./vault-files.ts";

/** What the first entry of a vault says. */
export interface Genesis {
  /** Name of the vault. */
  readonly name: string;
  /** Name of the host principal. */
  readonly host: string;
  /** Name of the root principal, the operator. */
  readonly root: string;
  /** What the root budget holds. */
  readonly allotment: Amounts;
  /** Limits that differ from the kernel's defaults. */
  readonly limits?: Partial<KernelLimits>;
  /** Nothing starts before `vault.resume`. */
  readonly held: boolean;
}

/**
 * Creates a vault in a folder and opens it.
 *
 * @param genesis what its first entry says
 * @param options as for `openVault`; the folder is made when absent
 * @returns the open vault
 * @throws StoreFailure `vault_exists`, or `vault_locked` when another process is creating one there
 */
export async function createVault(genesis: Genesis, options: OpenVaultOptions): Promise<Vault> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const files = vaultFiles(options.dir);
  chmodSync(files.dir, 0o700);
  const lock = lockVault(files);
  try {
    if (existsSync(files.log))
      throw new StoreFailure("vault_exists", {
        message: `Cannot create a vault in ${files.dir}: there is one already`,
        retry: "never",
      });
    await putTogether(files, { genesis, clock: options.clock ?? Date.now });
  } finally {
    lock.release();
  }
  await tellOfLost(files, options);
  return openVault({ ...options, replacesKnown: true });
}

/** Whoever removed a vault may make a new one; whoever did not is told that his is gone. */
async function tellOfLost(files: VaultFiles, { knownVaults, onTrouble }: OpenVaultOptions): Promise<void> {
  const known = knownVaults === null ? [] : await readKnownVaults(knownVaults);
  const lost = known.find((one) => one.path === files.dir);
  if (lost === undefined) return;
  onTrouble?.(
    new Error(
      `${lost.vault} with ${lost.size} entries was seen at ${files.dir} before and is gone; a new vault takes its place`,
    ),
  );
}

async function putTogether(
  files: VaultFiles,
  { genesis, clock }: { readonly genesis: Genesis; readonly clock: () => number },
): Promise<void> {
  const vault = newVaultId();
  await assembleVault(files, {
    vault,
    clock,
    prepare: async ({ log }) => createLogFile(log),
    load: async () => new Fold(),
    first: { type: "vault.open", format: 1, vault, ...genesis, flags: newestFlag },
    snapshot: false,
  });
}

/**
 * Draws the id of a new vault.
 *
 * @returns `vault-` and 32 hexadecimal digits
 */
export function newVaultId(): string {
  return `vault-${randomBytes(16).toString("hex")}`;
}

/** What a new vault is made of. */
export interface Assembling {
  /** Its id. */
  readonly vault: string;
  readonly clock: () => number;
  /** Makes `log.db`, and what else is to lie beside it, in a folder of its own. */
  prepare(fresh: VaultFiles): Promise<void>;
  /** The fold that its own first entry follows. */
  load(): Promise<Fold>;
  /** Its own first entry; the next one records its key. */
  readonly first: Operation;
  /** Whether to keep a snapshot of where it begins. */
  readonly snapshot: boolean;
  /** Other files that `prepare` made, by name. */
  readonly beside?: readonly string[];
}

/**
 * Puts a vault together and moves it into place, the log last.
 *
 * @param files where it is to be; its lock is held
 * @param of what it is made of
 * @returns its public key and its first checkpoint
 * @throws StoreFailure `vault_damaged` when the kernel refuses its first entries
 */
export async function assembleVault(
  files: VaultFiles,
  of: Assembling,
): Promise<{ readonly key: string; readonly checkpoint: CheckpointRow }> {
  await rm(files.fresh, { recursive: true, force: true });
  await mkdir(files.fresh, { mode: 0o700 });
  const fresh = vaultFiles(files.fresh);
  const pem = generateKey();
  await writeSynced(fresh.key, pem);
  await of.prepare(fresh);
  const signer = signerOf(originOf(of.vault), pem);
  const checkpoint = await writeFirst(fresh, { ...of, signer });
  // A vault in a repository holds a private key: git must not see it.
  await writeFile(join(files.dir, ".gitignore"), "*\n", { mode: 0o600 });
  for (const stale of [files.lookup, files.snapshot, files.states]) await rm(stale, { recursive: true, force: true });
  for (const name of ["key", ...(of.beside ?? []), ...(of.snapshot ? ["snapshot"] : [])])
    await rename(join(files.fresh, name), join(files.dir, name));
  await syncFolder(files.dir);
  await rename(fresh.log, files.log);
  await syncFolder(files.dir);
  await rm(files.fresh, { recursive: true, force: true });
  return { key: signer.verifier.text, checkpoint };
}

/** The first entry and the key's record in one append, and the first checkpoint. */
async function writeFirst(
  fresh: VaultFiles,
  of: Pick<Assembling, "vault" | "clock" | "load" | "first" | "snapshot"> & { readonly signer: NoteSigner },
): Promise<CheckpointRow> {
  const log = openSqliteLog(clientsAt(fresh));
  try {
    const host: Caller = { principal: genesisIds.host, grant: null, proof: localProof() };
    const machine = new Machine({ log, host, clock: of.clock, load: of.load });
    const operations: readonly Operation[] = [
      of.first,
      { type: "key.record", publicKey: of.signer.verifier.text, purpose: checkpointKeyPurpose },
    ];
    const receipts = await Promise.all(operations.map((operation) => machine.submit(operation, { caller: host })));
    for (const { outcome } of receipts)
      if ("refusal" in outcome)
        throw new StoreFailure("vault_damaged", {
          message: `Cannot create the vault: the kernel refused it: ${outcome.refusal.code}`,
          retry: "never",
        });
    const parts = {
      log,
      signer: of.signer,
      vault: of.vault,
      path: "",
      knownVaults: null,
      snapshotPath: fresh.snapshot,
      onTrouble: () => undefined,
    };
    const keeper = new Keeper(parts, { checkpoint: 0, snapshot: 0 });
    const checkpoint = await machine.still((fold) => keeper.keep(fold, { snapshot: of.snapshot }));
    await keeper.settled();
    await machine.close();
    return checkpoint;
  } finally {
    await log.close();
  }
}

async function writeSynced(path: string, content: string): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
}
