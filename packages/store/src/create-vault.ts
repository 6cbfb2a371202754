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
  await rm(files.fresh, { recursive: true, force: true });
  await mkdir(files.fresh, { mode: 0o700 });
  const vault = `vault-${randomBytes(16).toString("hex")}`;
  const pem = generateKey();
  const key = join(files.fresh, "key");
  await writeSynced(key, pem);
  const log = join(files.fresh, "log.db");
  createLogFile(log);
  await writeGenesis(
    { log, lookup: join(files.fresh, "lookup.db") },
    { genesis, clock, vault, signer: signerOf(originOf(vault), pem) },
  );
  // A vault in a repository holds a private key: git must not see it.
  await writeFile(join(files.dir, ".gitignore"), "*\n", { mode: 0o600 });
  for (const stale of [files.lookup, files.snapshot, files.states]) await rm(stale, { recursive: true, force: true });
  await rename(key, files.key);
  await syncFolder(files.dir);
  await rename(log, files.log);
  await syncFolder(files.dir);
  await rm(files.fresh, { recursive: true, force: true });
}

/** Genesis and the key's record in one append, and the first checkpoint. */
async function writeGenesis(
  paths: { readonly log: string; readonly lookup: string },
  of: { readonly genesis: Genesis; readonly clock: () => number; readonly vault: string; readonly signer: NoteSigner },
): Promise<void> {
  const log = openSqliteLog(clientsAt(paths));
  try {
    const host: Caller = { principal: genesisIds.host, grant: null, proof: localProof() };
    const machine = new Machine({ log, host, clock: of.clock, load: async () => new Fold() });
    const operations: readonly Operation[] = [
      { type: "vault.open", format: 1, vault: of.vault, ...of.genesis, flags: newestFlag },
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
      snapshotPath: "",
      onTrouble: () => undefined,
    };
    await machine.still((fold) => new Keeper(parts, { checkpoint: 0, snapshot: 0 }).keep(fold, { snapshot: false }));
    await machine.close();
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
