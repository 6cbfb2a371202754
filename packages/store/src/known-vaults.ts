/**
 * The known-vaults file: what this user has seen of each vault, kept outside of all of them.
 *
 * Like known_hosts: the first sight is trusted, and from then on a vault that was rolled back, swapped for another or
 * signed again with another key no longer fits. One JSON file for all vaults, replaced as a whole under a lock.
 */
import { mkdir, readFile, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { replaceFile } from "./durable-file.ts";
import { StoreFailure, textOf } from "./failure.ts";
import { knownVaultsBytesMax, knownVaultsLockMs } from "./limits.ts";
import { tryLock, type HeldLock } from "./lock.ts";

/** What is known of one vault. */
export interface KnownVault {
  /** Real path of its folder. */
  readonly path: string;
  /** `vault-…`. */
  readonly vault: string;
  /** Public key that signs for it, in the text form of signed notes. */
  readonly key: string;
  /** Last checkpoint seen, a signed note. */
  readonly checkpoint: string;
  /** Entries that it covers. */
  readonly size: number;
}

const fields = ["path", "vault", "key", "checkpoint"] as const;

/**
 * Reads what is known.
 *
 * @param file path of the known-vaults file; absent is empty
 * @returns the known vaults
 * @throws StoreFailure `known_vaults_damaged` when the file is there and is not one of ours
 */
export async function readKnownVaults(file: string): Promise<readonly KnownVault[]> {
  let text: string;
  try {
    if ((await stat(file)).size > knownVaultsBytesMax)
      throw new Error(`it is larger than ${knownVaultsBytesMax} bytes`);
    text = await readFile(file, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return [];
    throw damaged(file, textOf(thrown));
  }
  try {
    return vaultsOf(JSON.parse(text));
  } catch (thrown) {
    throw damaged(file, textOf(thrown));
  }
}

/**
 * What is known of the vault at a path: by its path, or else by its id, since a vault may have been moved.
 *
 * @returns the record, or undefined at first sight
 */
export function knownOf(
  known: readonly KnownVault[],
  { path, vault }: { readonly path: string; readonly vault: string },
): KnownVault | undefined {
  const byPath = known.find((one) => one.path === path);
  if (byPath !== undefined) return byPath;
  return known.filter((one) => one.vault === vault).toSorted((left, right) => right.size - left.size)[0];
}

/**
 * Records what was seen of a vault. A record of the same vault that is further on stays.
 *
 * @param file path of the known-vaults file; it and its folder are made when absent
 * @param seen what to record
 * @throws StoreFailure `known_vaults_damaged`, or the system's error when the file cannot be written
 */
export async function recordKnownVault(file: string, seen: KnownVault): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const lock = await lockOf(file);
  try {
    const known = await readKnownVaults(file);
    const before = known.find((one) => one.path === seen.path);
    if (before !== undefined && before.vault === seen.vault && before.size >= seen.size) return;
    const vaults = [...known.filter((one) => one.path !== seen.path), seen].toSorted((left, right) =>
      left.path < right.path ? -1 : 1,
    );
    const kept = vaults.map(({ path, vault, key, checkpoint }) => ({ path, vault, key, checkpoint }));
    await replaceFile(file, `${JSON.stringify({ format: 1, vaults: kept }, null, 2)}\n`);
  } finally {
    lock.release();
  }
}

async function lockOf(file: string): Promise<HeldLock> {
  const until = performance.now() + knownVaultsLockMs;
  for (;;) {
    const lock = tryLock(`${file}.lock`);
    if (lock !== undefined) return lock;
    if (performance.now() > until)
      throw new StoreFailure("log_unavailable", {
        message: `Cannot record the checkpoint in ${file}: another process has held its lock for ${knownVaultsLockMs} ms`,
        retry: "later",
      });
    await pause(5);
  }
}

function vaultsOf(value: unknown): readonly KnownVault[] {
  const format = typeof value === "object" && value !== null && "format" in value ? value.format : undefined;
  if (typeof format === "number" && format > 1)
    throw new Error(`a newer Toka wrote it: found format ${format}, wanted 1; use that Toka`);
  if (format !== 1) throw new Error("its format is not 1");
  if (typeof value !== "object" || value === null || !("vaults" in value) || !Array.isArray(value.vaults))
    throw new Error('it has no list "vaults"');
  return value.vaults.map((one: unknown) => {
    const record: Record<string, unknown> = typeof one === "object" && one !== null ? { ...one } : {};
    const [path, vault, key, checkpoint] = fields.map((field) => {
      const text = record[field];
      if (typeof text !== "string") throw new Error(`a vault has no "${field}"`);
      return text;
    });
    const size = Number(checkpoint?.split("\n")[1]);
    if (
      path === undefined ||
      vault === undefined ||
      key === undefined ||
      checkpoint === undefined ||
      !Number.isSafeInteger(size)
    )
      throw new Error("a checkpoint has no size");
    return { path, vault, key, checkpoint, size };
  });
}

function damaged(file: string, state: string): StoreFailure {
  return new StoreFailure("known_vaults_damaged", {
    message: `Cannot read the known vaults in ${file}: ${state}; repair the file, or move it away to trust each vault anew`,
    retry: "never",
  });
}
