/** Decides the entries of a log again, one after the other, and compares what is signed over them. */
import { existsSync, readFileSync } from "node:fs";
import { originOf } from "../checkpoint.ts";
import { bundleIn } from "../families/bundle-in.ts";
import type { FamilyEngine } from "../families/engine.ts";
import { ReplayedFamilies } from "../families/replayed.ts";
import { Fold } from "../fold.ts";
import { knownOf, type KnownVault } from "../known-vaults.ts";
import { signerOf } from "../note.ts";
import type { VaultFiles } from "../vault-files.ts";
import { isAttested } from "./attested.ts";
import { CheckpointCheck, KnownCheck, recordedKey } from "./checkpoint-check.ts";
import type { Judge, LinkedEntry, Signed } from "./entries-part.ts";
import { checkEntry } from "./entry-check.ts";
import { differs, type Finding } from "./finding.ts";
import { QuickReader } from "./read-entry.ts";

/** What was found of the entries. */
export interface EntriesReport {
  /** Entries that were decided again and came out the same. */
  readonly entries: number;
  /** Of these, entries whose operation brought inputs. */
  readonly attested: number;
  /** Entries that were not decided again as a whole: the bundle of a family is not in the vault. */
  readonly hashOnly: number;
  /** Signed heads in the log that were compared. */
  readonly checkpoints: number;
  /** Entries up to which known-vaults agrees; null when it knows nothing of this vault. */
  readonly known: number | null;
  readonly firstBad: Finding | undefined;
}

/** The fold of one log, decided again. */
export class Decider implements Judge {
  readonly #files: VaultFiles;
  readonly #fold: Fold;
  readonly #reader = new QuickReader();
  readonly #families: ReplayedFamilies;
  #known: readonly KnownVault[] = [];
  #checkpoints = new CheckpointCheck([]);
  #knownCheck: KnownCheck | undefined;
  #passed: number;
  #attested = 0;
  #hashOnly = 0;

  /**
   * @param files of the vault
   * @param from `engine` runs bundles of families, without it what they decided is hash only; `fold` is what to go on from,
   *   a checkpoint being its last entry; nothing for the first entry of the log
   */
  constructor(
    files: VaultFiles,
    { engine, fold = new Fold() }: { readonly engine: FamilyEngine | undefined; readonly fold?: Fold | undefined },
  ) {
    this.#files = files;
    this.#families = new ReplayedFamilies({ engine, bundle: (commitment) => bundleIn(files, commitment) });
    this.#fold = fold;
    this.#passed = fold.head.position;
  }

  /** Whether what known-vaults holds is of another vault than the entries so far: a fork among the next may explain it. */
  get isOfAnother(): boolean {
    return this.#knownCheck?.isOfAnother === true;
  }

  /** Size of the last checkpoint that was compared, or of the one that it goes on from. */
  get checkpoint(): number {
    return this.#checkpoints.last;
  }

  /**
   * What was found.
   *
   * @param firstBad the difference that ended it
   * @returns the report
   */
  report(firstBad: Finding | undefined): EntriesReport {
    return {
      entries: this.#passed,
      attested: this.#attested,
      hashOnly: this.#hashOnly,
      checkpoints: this.#checkpoints.checked,
      known: this.#knownCheck?.passed === true ? this.#knownCheck.size : null,
      firstBad,
    };
  }

  begin({ checkpoints, known }: Signed): void {
    this.#known = known;
    const { position } = this.#fold.head;
    this.#checkpoints = new CheckpointCheck(checkpoints, position);
    if (position > 0) this.#knownCheck = this.#knownOf(this.#fold.state.vault?.vault ?? "");
  }

  take(linked: LinkedEntry): void {
    const fold = this.#fold;
    const { entry, row, hashOnly } = checkEntry(linked, { fold, reader: this.#reader, families: this.#families });
    fold.apply(entry);
    fold.moveTo(row);
    const at = { fold, root: linked.root };
    if (row.position === 1) this.#knownCheck = this.#knownOf(fold.state.vault?.vault ?? "");
    // What is known of a fork is of its own entries and says nothing of its parent's.
    if (entry.operation.type === "vault.fork") this.#knownCheck?.restart();
    this.#knownCheck?.pass(at);
    this.#checkpoints.pass(at);
    this.#passed = row.position;
    if (hashOnly) this.#hashOnly += 1;
    if (isAttested(entry.operation)) this.#attested += 1;
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
