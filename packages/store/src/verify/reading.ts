/** Reading a vault's log for verification: for reading only, at one moment, every entry once for all parts together. */
import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { attachPrefix, type Prefix } from "../backends/sqlite/prefix.ts";
import { isBusy, isDamage } from "../backends/sqlite/result-code.ts";
import { refuseNewer, schemaDifference } from "../backends/sqlite/schema.ts";
import { StoreFailure, textOf } from "../failure.ts";
import { fileLockWaitMs } from "../limits.ts";
import type { VaultFiles } from "../vault-files.ts";
import { differenceIn, type Finding } from "./finding.ts";
import { wholeLog, type Stretch } from "./stretch.ts";
import { entriesOf, type FoundEntry } from "./rows.ts";

/** A part of verification. Each of its methods throws Differs at the first difference, and is not called again after it. */
export interface VerifyPart {
  /** Takes in the next entry, as it is found. */
  take(found: FoundEntry): void;
  /** Called after the last entry. */
  finish(): void;
}

/** What is run over a log. */
export interface Parts {
  readonly makers: readonly ((db: DatabaseSync, prefix: Prefix) => VerifyPart)[];
  readonly stretch?: Stretch;
}

/**
 * Runs parts over a log as it is at one moment.
 *
 * @param files of the vault
 * @param what the `makers` of the parts, each called with the log in the transaction that verifies it; and the `stretch` of
 *   the log, all of it unless said
 * @returns the first difference that each part found, in the order of the makers; undefined for none
 * @throws StoreFailure `vault_absent`; `vault_newer`; `log_unavailable` when somebody holds the log locked
 */
export function firstDifferences(
  files: VaultFiles,
  { makers, stretch = wholeLog }: Parts,
): readonly (Finding | undefined)[] {
  if (!existsSync(files.log))
    throw new StoreFailure("vault_absent", {
      message: `Cannot verify the vault ${files.dir}: there is none`,
      retry: "never",
    });
  const db = new DatabaseSync(files.log, { readOnly: true, timeout: fileLockWaitMs });
  try {
    // Files cannot be attached in a transaction. What a parent's log holds up to there never changes.
    refuseNewer(db, "verify");
    const prefix = attachPrefix(db, files.log);
    db.exec("BEGIN");
    const difference = schemaDifference(db);
    if (difference !== undefined) {
      const finding = { position: 0, reason: `the schema of its log differs: ${difference}` };
      return makers.map(() => finding);
    }
    if (prefix.missing !== undefined) {
      const finding = { position: 0, reason: `the beginning of its log lies with its parent: ${prefix.missing}` };
      return makers.map(() => finding);
    }
    return passAll(db, { makers: makers.map((make) => (log) => make(log, prefix)), stretch });
  } catch (thrown) {
    if (isDamage(thrown)) {
      const finding = { position: 0, reason: `the file of its log is damaged: ${textOf(thrown)}` };
      return makers.map(() => finding);
    }
    if (!isBusy(thrown)) throw thrown;
    throw new StoreFailure("log_unavailable", {
      message: `Cannot verify the vault ${files.dir}: another process holds its log locked`,
      retry: "later",
      cause: thrown,
    });
  } finally {
    db.close();
  }
}

/** A part, until it finds a difference. */
interface Running {
  readonly part: VerifyPart | undefined;
  finding: Finding | undefined;
}

function passAll(
  db: DatabaseSync,
  { makers, stretch }: { readonly makers: readonly ((db: DatabaseSync) => VerifyPart)[]; readonly stretch: Stretch },
): readonly (Finding | undefined)[] {
  const all = makers.map((make) => begin(() => make(db)));
  let running = all.filter(isRunning);
  const unreadable = differenceIn(() => {
    for (const found of entriesOf(db, stretch)) {
      for (const one of running) one.finding = differenceIn(() => one.part?.take(found));
      if (!running.every(isRunning)) running = running.filter(isRunning);
      if (running.length === 0) return;
    }
  });
  for (const one of running) one.finding = unreadable ?? differenceIn(() => one.part?.finish());
  return all.map(({ finding }) => finding);
}

function begin(make: () => VerifyPart): Running {
  const made: { part?: VerifyPart } = {};
  const finding = differenceIn(() => {
    made.part = make();
  });
  return { part: made.part, finding };
}

function isRunning({ finding }: Running): boolean {
  return finding === undefined;
}
