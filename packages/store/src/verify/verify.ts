/**
 * Verification: folds a log from its first entry, decides every operation again, and names the first place that differs.
 *
 * It opens the log for reading only, in one read transaction, so it runs beside the process that writes and sees one
 * moment of it. It does not use the snapshot or the lookup index, and believes no column that it has not derived.
 */
import { existsSync, readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import type { Operation } from "@toka/kernel";
import { checkpointOf } from "../backends/sqlite/rows.ts";
import { schemaDifference } from "../backends/sqlite/schema.ts";
import { originOf } from "../checkpoint.ts";
import { contentsOf } from "../contents.ts";
import { StoreFailure } from "../failure.ts";
import { Fold } from "../fold.ts";
import { knownOf, readKnownVaults, type KnownVault } from "../known-vaults.ts";
import { signerOf } from "../note.ts";
import { vaultFiles, type VaultFiles } from "../vault-files.ts";
import { CheckpointCheck, KnownCheck, recordedKey } from "./checkpoint-check.ts";
import { checkEntry } from "./entry-check.ts";
import { Differs, differs, type Finding } from "./finding.ts";
import { checkLookups } from "./lookup-check.ts";
import { PayloadCheck } from "./payload-check.ts";
import { entriesOf, payloadsOf } from "./rows.ts";

/** Where the vault to verify is. */
export interface VerifyOptions {
  /** Folder of the vault. */
  readonly dir: string;
  /** Path of the known-vaults file; null compares with nothing outside the vault. */
  readonly knownVaults: string | null;
}

/** What verification came to. */
export interface VerifyReport {
  readonly ok: boolean;
  /** Entries checked: all of them, or those before the first difference. */
  readonly entries: number;
  /** Entries whose outcome was decided again and came out the same. */
  readonly reDecided: number;
  /** Of these, entries whose operation brought inputs: the decision is proved, what was attested is taken on trust. */
  readonly attested: number;
  /** Payloads whose bytes were compared with their commitment. */
  readonly payloads: number;
  /** Signed heads in the log that were compared. */
  readonly checkpoints: number;
  /** Entries up to which known-vaults agrees; null when it knows nothing of this vault. */
  readonly known: number | null;
  /** The first difference; position 0 is the vault as a whole. */
  readonly firstBad?: Finding;
}

/**
 * Verifies a vault on this thread.
 *
 * @returns the report
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`
 */
export async function verifyHere({ dir, knownVaults }: VerifyOptions): Promise<VerifyReport> {
  const files = vaultFiles(dir);
  if (!existsSync(files.log))
    throw new StoreFailure("vault_absent", {
      message: `Cannot verify the vault ${files.dir}: there is none`,
      retry: "never",
    });
  // Read before the log: the writer appends first and remembers then, so the log can only be ahead.
  const known = knownVaults === null ? [] : await readKnownVaults(knownVaults);
  const db = new DatabaseSync(files.log, { readOnly: true });
  try {
    db.exec("BEGIN");
    return verifyLog(db, { files, known });
  } finally {
    db.close();
  }
}

/** What has been counted so far. */
interface Counts {
  entries: number;
  attested: number;
}

interface Checks {
  readonly fold: Fold;
  readonly payloads: PayloadCheck;
  readonly checkpoints: CheckpointCheck;
  readonly counts: Counts;
  known: KnownCheck | undefined;
}

function verifyLog(
  db: DatabaseSync,
  of: { readonly files: VaultFiles; readonly known: readonly KnownVault[] },
): VerifyReport {
  const counts: Counts = { entries: 0, attested: 0 };
  let checks: Checks | undefined;
  let firstBad: Finding | undefined;
  try {
    const difference = schemaDifference(db);
    if (difference !== undefined) differs(0, `the schema of its log differs: ${difference}`);
    checks = checksOf(db, counts);
    checkAll(db, { ...of, checks });
  } catch (thrown) {
    if (!(thrown instanceof Differs)) throw thrown;
    firstBad = thrown.finding;
  }
  const report = {
    ok: firstBad === undefined,
    entries: counts.entries,
    reDecided: counts.entries,
    attested: counts.attested,
    payloads: checks?.payloads.checked ?? 0,
    checkpoints: checks?.checkpoints.checked ?? 0,
    known: checks?.known?.passed === true ? checks.known.size : null,
  };
  return firstBad === undefined ? report : { ...report, firstBad };
}

function checksOf(db: DatabaseSync, counts: Counts): Checks {
  const find = db.prepare("SELECT 1 FROM payloads WHERE commitment = ? LIMIT 1");
  return {
    fold: new Fold(),
    payloads: new PayloadCheck(payloadsOf(db), (commitment) => find.get(commitment) !== undefined),
    checkpoints: new CheckpointCheck(
      db.prepare("SELECT size, note FROM checkpoints ORDER BY size").all().map(checkpointOf),
    ),
    counts,
    known: undefined,
  };
}

function checkAll(
  db: DatabaseSync,
  {
    files,
    known,
    checks,
  }: { readonly files: VaultFiles; readonly known: readonly KnownVault[]; readonly checks: Checks },
): void {
  const { fold, payloads, checkpoints, counts } = checks;
  for (const found of entriesOf(db)) {
    const { entry, row } = checkEntry(found, fold);
    const { position } = row;
    for (const content of contentsOf(entry.operation)) payloads.refer(content, position);
    fold.apply(entry);
    fold.advance(row);
    if (position === 1) checks.known = knownCheckOf(known, { files, vault: fold.state.vault?.vault ?? "" });
    checks.known?.pass(fold);
    checkpoints.pass(fold);
    counts.entries = position;
    if (isAttested(entry.operation)) counts.attested += 1;
  }
  const { position } = fold.head;
  if (position === 0) checks.known = knownCheckOf(known, { files, vault: "" });
  checks.known?.finish(position);
  checkpoints.finish(position);
  payloads.finish(position);
  checkKeyFile(files, fold);
  checkLookups(db, files.lookup);
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
