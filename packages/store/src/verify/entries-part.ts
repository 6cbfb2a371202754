/** The first part of verification: entries in order, each decided again, and what is signed over them. */
import { existsSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Operation } from "@toka/kernel";
import { checkpointOf } from "../backends/sqlite/rows.ts";
import { originOf } from "../checkpoint.ts";
import { Fold } from "../fold.ts";
import { knownOf, readKnownVaults, type KnownVault } from "../known-vaults.ts";
import { signerOf } from "../note.ts";
import { vaultFiles, type VaultFiles } from "../vault-files.ts";
import { CheckpointCheck, KnownCheck, recordedKey } from "./checkpoint-check.ts";
import { checkEntry } from "./entry-check.ts";
import { differs, type Finding } from "./finding.ts";
import { firstDifference } from "./reading.ts";
import { entriesOf } from "./rows.ts";

/** What this part found. */
export interface EntriesReport {
  /** Entries that were decided again and came out the same. */
  readonly entries: number;
  /** Of these, entries whose operation brought inputs. */
  readonly attested: number;
  /** Signed heads in the log that were compared. */
  readonly checkpoints: number;
  /** Entries up to which known-vaults agrees; null when it knows nothing of this vault. */
  readonly known: number | null;
  readonly firstBad: Finding | undefined;
}

/**
 * Verifies the entries of a vault.
 *
 * @param where folder of the vault, and path of the known-vaults file or null
 * @returns what was found
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`
 */
export async function verifyEntries({
  dir,
  knownVaults,
}: {
  readonly dir: string;
  readonly knownVaults: string | null;
}): Promise<EntriesReport> {
  const files = vaultFiles(dir);
  // Read before the log: the writer appends first and remembers then, so the log can only be ahead.
  const known = knownVaults === null ? [] : await readKnownVaults(knownVaults);
  const found: Found = { entries: 0, attested: 0, checkpoints: 0, known: undefined };
  const firstBad = firstDifference(files, (db) => checkAll(db, { files, known, found }));
  const { entries, attested, checkpoints } = found;
  return { entries, attested, checkpoints, known: found.known?.passed === true ? found.known.size : null, firstBad };
}

interface Found {
  entries: number;
  attested: number;
  checkpoints: number;
  known: KnownCheck | undefined;
}

function checkAll(
  db: DatabaseSync,
  { files, known, found }: { readonly files: VaultFiles; readonly known: readonly KnownVault[]; readonly found: Found },
): void {
  const fold = new Fold();
  const checkpoints = new CheckpointCheck(
    db.prepare("SELECT size, note FROM checkpoints ORDER BY size").all().map(checkpointOf),
  );
  for (const row of entriesOf(db)) {
    const { entry, row: derived } = checkEntry(row, fold);
    fold.apply(entry);
    fold.advance(derived);
    if (derived.position === 1) found.known = knownCheckOf(known, { files, vault: fold.state.vault?.vault ?? "" });
    found.known?.pass(fold);
    checkpoints.pass(fold);
    found.checkpoints = checkpoints.checked;
    found.entries = derived.position;
    if (isAttested(entry.operation)) found.attested += 1;
  }
  const { position } = fold.head;
  if (position === 0) found.known = knownCheckOf(known, { files, vault: "" });
  found.known?.finish(position);
  checkpoints.finish(position);
  checkKeyFile(files, fold);
}

function knownCheckOf(
  known: readonly KnownVault[],
  { files, vault }: { readonly files: VaultFiles; readonly vault: string },
): KnownCheck | undefined {
  const record = knownOf(known, { path: files.dir, vault });
  return record === undefined ? undefined : new KnownCheck(record, files.dir);
}

function checkKeyFile(files: VaultFiles, fold: Fold): void {
  const recorded = recordedKey(fold);
  if (recorded === undefined) differs(fold.head.position, "no entry records a key for its checkpoints");
  // Whoever only verifies need not have the private key; a key that is there must be the right one.
  if (!existsSync(files.key)) return;
  let own: string;
  try {
    own = signerOf(originOf(fold.state.vault?.vault ?? ""), readFileSync(files.key, "utf8")).verifier.text;
  } catch {
    differs(0, "the key in its folder is not a key");
  }
  if (own !== recorded.publicKey)
    differs(recorded.position, "the key in its folder is not the one that this entry records");
}

function isAttested(operation: Operation): boolean {
  if (operation.type === "batch") return operation.operations.some(isAttested);
  return "inputs" in operation && operation.inputs.length > 0;
}
