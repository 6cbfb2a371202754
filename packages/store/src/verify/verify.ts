/**
 * Verification: folds a log from its first entry, decides every operation again, and names the first place that differs.
 *
 * Where two threads can each take half of the log (halves.ts) they do, and whatever they find is looked for again from here, in
 * the order of the log. Two parts over one reading of the log: the entries with everything that is signed over them, and the payloads with the
 * lookup index. The entries are linked where the log is read, and decided again there or on a thread beside it. The log is
 * read in one transaction, so verification runs beside the process that writes and sees one moment. Nothing uses the
 * snapshot, or believes a column that it has not derived.
 */
import { readKnownVaults } from "../known-vaults.ts";
import { vaultFiles } from "../vault-files.ts";
import { loadFamilyEngine } from "../families/load-engine.ts";
import { Decider, type EntriesReport } from "./decider.ts";
import { EntriesPart, type Judge } from "./entries-part.ts";
import { judgeFed, type Feed, type MouthEnd } from "./feed.ts";
import type { Finding } from "./finding.ts";
import { PayloadsPart, type PayloadsReport } from "./payloads-part.ts";
import { firstDifferences } from "./reading.ts";

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
  /** The others: what a family answered was taken from the entry, since its bundle is not in the vault. Never OK. */
  readonly hashOnly: number;
  /** Of these, entries whose operation brought inputs: the decision is proved, what was attested is taken on trust. */
  readonly attested: number;
  /** Of the entries, those that a fork shares and that lie with its parent: the first ones. */
  readonly shared: number;
  /** Payloads whose bytes were compared with their commitment. */
  readonly payloads: number;
  /** Payloads that have no bytes since an entry erased them. */
  readonly erased: number;
  /** Signed heads in the log that were compared. */
  readonly checkpoints: number;
  /** Entries up to which known-vaults agrees; null when it knows nothing of this vault. */
  readonly known: number | null;
  /** The first difference; position 0 is the vault as a whole. */
  readonly firstBad?: Finding;
}

/** What each part found. */
export interface PartReports {
  readonly entries: EntriesReport;
  readonly payloads: PayloadsReport;
}

/**
 * Verifies a vault on this thread, both parts in one pass over its entries.
 *
 * @returns the report
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`, `log_unavailable`
 */
export async function verifyHere(options: VerifyOptions): Promise<VerifyReport> {
  const decider = new Decider(vaultFiles(options.dir), { engine: await loadFamilyEngine() });
  const { begun, ofEntries, payloads } = await read(options, decider);
  return joined({ entries: begun ? decider.report(ofEntries) : nothingSeen(ofEntries), payloads });
}

/**
 * Reads a vault for somebody who decides its entries again on another thread.
 *
 * @returns what was found of the payloads
 * @throws StoreFailure `vault_absent`, `known_vaults_damaged`, `log_unavailable`
 */
export async function verifyReading(options: VerifyOptions, feed: Feed): Promise<PayloadsReport> {
  const { ofEntries, payloads } = await read(options, feed);
  feed.end(ofEntries);
  return payloads;
}

/**
 * Decides again what another thread reads.
 *
 * @returns what was found of the entries, by either
 */
export async function verifyDeciding(options: VerifyOptions, mouth: MouthEnd): Promise<EntriesReport> {
  const decider = new Decider(vaultFiles(options.dir), { engine: await loadFamilyEngine() });
  const { begun, firstBad } = judgeFed(mouth, decider);
  return begun ? decider.report(firstBad) : nothingSeen(firstBad);
}

/** One pass over the log. What the judge finds on another thread is not among what is found of the entries. */
async function read(
  options: VerifyOptions,
  judge: Judge,
): Promise<{ readonly begun: boolean; readonly ofEntries: Finding | undefined; readonly payloads: PayloadsReport }> {
  const files = vaultFiles(options.dir);
  // Read before the log: the writer appends first and remembers then, so the log can only be ahead.
  const known = options.knownVaults === null ? [] : await readKnownVaults(options.knownVaults);
  const made: { entries?: EntriesPart; payloads?: PayloadsPart } = {};
  const [ofEntries, ofPayloads] = firstDifferences(files, {
    makers: [
      (db, { base }) => (made.entries = new EntriesPart(db, { judge, known, base })),
      (db, prefix) => (made.payloads = new PayloadsPart(db, { files, prefix })),
    ],
  });
  const payloads = made.payloads?.report(ofPayloads) ?? nothingSeen(ofPayloads);
  return { begun: made.entries !== undefined, ofEntries, payloads };
}

/** The report of a part that could not even begin. */
function nothingSeen(firstBad: Finding | undefined): EntriesReport & PayloadsReport {
  return {
    entries: 0,
    attested: 0,
    hashOnly: 0,
    checkpoints: 0,
    known: null,
    payloads: 0,
    shared: 0,
    erased: 0,
    complete: false,
    firstBad,
  };
}

/**
 * Joins what the two parts found.
 *
 * @returns the report, with the difference that comes first in the log
 */
export function joined({ entries, payloads }: PartReports): VerifyReport {
  const firstBad = firstOf({ entries, payloads });
  const report = {
    ok: firstBad === undefined && entries.hashOnly === 0,
    entries: entries.entries,
    reDecided: entries.entries - entries.hashOnly,
    hashOnly: entries.hashOnly,
    attested: entries.attested,
    shared: payloads.shared,
    payloads: payloads.payloads,
    erased: payloads.erased,
    checkpoints: entries.checkpoints,
    known: entries.known,
  };
  return firstBad === undefined ? report : { ...report, firstBad };
}

/** A difference in an entry explains one in what it names, and whatever is left over at the end. */
function firstOf({ entries, payloads }: PartReports): Finding | undefined {
  const { firstBad: entry } = entries;
  const { firstBad: payload, complete } = payloads;
  if (entry === undefined || payload === undefined) return entry ?? payload;
  return !complete && payload.position > 0 && payload.position < entry.position ? payload : entry;
}
