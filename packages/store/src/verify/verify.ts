/**
 * Verification: folds a log from its first entry, decides every operation again, and names the first place that differs.
 *
 * Two parts, which need nothing of each other and so can run at once: the entries with everything that is signed over them,
 * and the payloads with the lookup index. Each reads in one transaction of its own, so verification runs beside the process
 * that writes and each part sees one moment. Neither uses the snapshot, or believes a column that it has not derived.
 */
import type { DatabaseSync } from "node:sqlite";
import { readKnownVaults } from "../known-vaults.ts";
import { vaultFiles } from "../vault-files.ts";
import { EntriesPart, type EntriesReport } from "./entries-part.ts";
import type { Finding } from "./finding.ts";
import { PayloadsPart, type PayloadsReport } from "./payloads-part.ts";
import { firstDifferences, type VerifyPart } from "./reading.ts";

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

/** What each part found. */
export interface PartReports {
  readonly entries: EntriesReport | undefined;
  readonly payloads: PayloadsReport | undefined;
}

/** Which parts of verification are wanted. */
export interface PartsWanted {
  readonly entries: boolean;
  readonly payloads: boolean;
}

/**
 * Verifies a vault on this thread, both parts in one pass over its entries.
 *
 * @returns the report
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`, `log_unavailable`
 */
export async function verifyHere(options: VerifyOptions): Promise<VerifyReport> {
  const { entries, payloads } = await verifyParts(options, { entries: true, payloads: true });
  if (entries === undefined || payloads === undefined) throw new Error("Cannot verify the vault: a part is missing");
  return joined(entries, payloads);
}

/**
 * Runs parts of verification on this thread.
 *
 * @returns what each found; undefined for a part that is not wanted
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`, `log_unavailable`
 */
export async function verifyParts(options: VerifyOptions, wanted: PartsWanted): Promise<PartReports> {
  const files = vaultFiles(options.dir);
  // Read before the log: the writer appends first and remembers then, so the log can only be ahead.
  const known = options.knownVaults === null ? [] : await readKnownVaults(options.knownVaults);
  const made: { entries?: EntriesPart; payloads?: PayloadsPart } = {};
  const makers: ((db: DatabaseSync) => VerifyPart)[] = [];
  if (wanted.entries) makers.push((db) => (made.entries = new EntriesPart(db, { files, known })));
  if (wanted.payloads) makers.push((db) => (made.payloads = new PayloadsPart(db, files)));
  const found = firstDifferences(files, makers);
  const [ofEntries, ofPayloads] = wanted.entries ? found : [undefined, found[0]];
  return {
    entries: wanted.entries ? (made.entries?.report(ofEntries) ?? nothingSeen(ofEntries)) : undefined,
    payloads: wanted.payloads ? (made.payloads?.report(ofPayloads) ?? nothingSeen(ofPayloads)) : undefined,
  };
}

/** The report of a part that could not even begin. */
function nothingSeen(firstBad: Finding | undefined): EntriesReport & PayloadsReport {
  return { entries: 0, attested: 0, checkpoints: 0, known: null, payloads: 0, complete: false, firstBad };
}

/**
 * Joins what the two parts found.
 *
 * @returns the report, with the difference that comes first in the log
 */
export function joined(entries: EntriesReport, payloads: PayloadsReport): VerifyReport {
  const firstBad = firstOf(entries, payloads);
  const report = {
    ok: firstBad === undefined,
    entries: entries.entries,
    reDecided: entries.entries,
    attested: entries.attested,
    payloads: payloads.payloads,
    checkpoints: entries.checkpoints,
    known: entries.known,
  };
  return firstBad === undefined ? report : { ...report, firstBad };
}

/** A difference in an entry explains one in what it names, and whatever is left over at the end. */
function firstOf(
  { firstBad: entry }: EntriesReport,
  { firstBad: payload, complete }: PayloadsReport,
): Finding | undefined {
  if (entry === undefined || payload === undefined) return entry ?? payload;
  return !complete && payload.position > 0 && payload.position < entry.position ? payload : entry;
}
