/** The first part of verification: entries in order, each decided again, and what is signed over them. */
import { existsSync, readFileSync } from "node:fs";
import type { DatabaseSync } from "node:sqlite";
import type { Operation } from "@toka/kernel";
import { checkpointOf } from "../backends/sqlite/rows.ts";
import { originOf } from "../checkpoint.ts";
import { Fold } from "../fold.ts";
import { knownOf, type KnownVault } from "../known-vaults.ts";
import { signerOf } from "../note.ts";
import type { VaultFiles } from "../vault-files.ts";
import { isAttested } from "./attested.ts";
import { CheckpointCheck, KnownCheck, recordedKey } from "./checkpoint-check.ts";
import { checkEntry } from "./entry-check.ts";
import { differs, type Finding } from "./finding.ts";
import { QuickReader } from "./read-entry.ts";
import type { VerifyPart } from "./reading.ts";
import type { FoundEntry } from "./rows.ts";

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

/** The entries of one log and what is signed over them. */
export class EntriesPart implements VerifyPart {
  readonly #files: VaultFiles;
  readonly #known: readonly KnownVault[];
  readonly #fold = new Fold();
  readonly #reader = new QuickReader();
  readonly #checkpoints: CheckpointCheck;
  #passed = 0;
  #attested = 0;
  #knownCheck: KnownCheck | undefined;

  /**
   * @param db the log, in the transaction that verifies it
   * @param of `files` of the vault, and the `known` vaults, read before the log was: the writer appends first and remembers
   *   then, so the log can only be ahead
   */
  constructor(
    db: DatabaseSync,
    { files, known }: { readonly files: VaultFiles; readonly known: readonly KnownVault[] },
  ) {
    this.#files = files;
    this.#known = known;
    this.#checkpoints = new CheckpointCheck(
      db.prepare("SELECT size, note FROM checkpoints ORDER BY size").all().map(checkpointOf),
    );
  }

  /**
   * What was found.
   *
   * @param firstBad the difference that ended this part
   * @returns the report
   */
  report(firstBad: Finding | undefined): EntriesReport {
    return {
      entries: this.#passed,
      attested: this.#attested,
      checkpoints: this.#checkpoints.checked,
      known: this.#knownCheck?.passed === true ? this.#knownCheck.size : null,
      firstBad,
    };
  }

  take(found: FoundEntry): Operation {
    const fold = this.#fold;
    const { entry, row } = checkEntry(found, { fold, reader: this.#reader });
    fold.apply(entry);
    fold.advance(row);
    if (row.position === 1) this.#knownCheck = this.#knownOf(fold.state.vault?.vault ?? "");
    this.#knownCheck?.pass(fold);
    this.#checkpoints.pass(fold);
    this.#passed = row.position;
    if (isAttested(entry.operation)) this.#attested += 1;
    return entry.operation;
  }

  finish(): void {
    const { position } = this.#fold.head;
    if (position === 0) this.#knownCheck = this.#knownOf("");
    this.#knownCheck?.finish(position);
    this.#checkpoints.finish(position);
    checkKeyFile(this.#files, this.#fold);
  }

  #knownOf(vault: string): KnownCheck | undefined {
    const { dir } = this.#files;
    const record = knownOf(this.#known, { path: dir, vault });
    return record === undefined ? undefined : new KnownCheck(record, dir);
  }
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
