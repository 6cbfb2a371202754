/**
 * The first part of verification, as far as it is done where the log is read: each entry stands in its place and its bytes
 * give its digest. What was asked and what came of it is for the judge, who may sit on another thread.
 */
import type { DatabaseSync } from "node:sqlite";
import { checkpointOf } from "../backends/sqlite/rows.ts";
import { leafDigest, zeroDigest } from "../digest.ts";
import type { KnownVault } from "../known-vaults.ts";
import type { CheckpointRow } from "../log.ts";
import { CompactRange } from "../merkle.ts";
import { differs, quoted } from "./finding.ts";
import { checkFork, forks } from "./fork-check.ts";
import type { VerifyPart } from "./reading.ts";
import type { FoundEntry } from "./rows.ts";
import { wholeLog, type Stretch } from "./stretch.ts";

/** What the entries of a log are held against. */
export interface Signed {
  /** The log's own checkpoints, smallest first. */
  readonly checkpoints: readonly CheckpointRow[];
  /** The known vaults, read before the log was: the writer appends first and remembers then, so the log can only be ahead. */
  readonly known: readonly KnownVault[];
}

/** An entry in its place, with bytes that give its digest. */
export interface LinkedEntry extends FoundEntry {
  readonly position: number;
  readonly digest: string;
  readonly text: string;
  /** Root of the tree up to here, where something is signed over it. */
  readonly root: Uint8Array | undefined;
}

/** Who decides entries again. It gets them from the first on without a gap. */
export interface Judge {
  /** Called once, before the first entry. */
  begin(signed: Signed): void;
  /**
   * Takes in the next entry.
   *
   * @throws Differs at the first difference, from who is asked here and now
   */
  take(entry: LinkedEntry): void;
  /**
   * Called after the last entry, when all of them are linked.
   *
   * @throws Differs when something is missing, from who is asked here and now
   */
  finish(): void;
}

/** What the entries of a log, or of a half of it, are linked with. */
export interface EntriesPartOptions {
  readonly judge: Judge;
  readonly known: readonly KnownVault[];
  /** Entries that lie with a parent. */
  readonly base: number;
  readonly stretch?: Stretch;
  /** Of the entries before it. */
  readonly tree?: CompactRange;
  /** Digest of the entry before it. */
  readonly last?: string;
}

/** The entries of one log, linked and handed on. */
export class EntriesPart implements VerifyPart {
  readonly #judge: Judge;
  readonly #signedSizes: ReadonlySet<number>;
  readonly #tree: CompactRange;
  readonly #stretch: Stretch;
  readonly #base: number;
  #last: string;

  /**
   * @param db the log, in the transaction that verifies it
   * @param to the `judge`, the `known` vaults, read before that transaction began, and how many entries are a parent's; of a
   *   half also its `stretch`, and the `tree` and the digest before it
   */
  constructor(
    db: DatabaseSync,
    { judge, known, base, stretch = wholeLog, tree, last = zeroDigest }: EntriesPartOptions,
  ) {
    this.#base = base;
    this.#last = last;
    this.#stretch = stretch;
    this.#tree = new CompactRange(tree);
    const checkpoints = db
      .prepare("SELECT size, note FROM checkpoints ORDER BY size")
      .all()
      .map(checkpointOf)
      .filter(({ size }) => (size > stretch.after || stretch.after === 0) && size <= stretch.until);
    this.#signedSizes = new Set([...checkpoints, ...known].map(({ size }) => size));
    this.#judge = judge;
    judge.begin({ checkpoints, known });
  }

  /** Root of the tree over the entries so far. */
  get root(): Uint8Array {
    return this.#tree.root();
  }

  take(found: FoundEntry): void {
    const { digest, text } = linked(found, this.#tree.size + 1);
    const position = this.#tree.size + 1;
    if (forks(text)) checkFork(text, { position, digest: this.#last, root: () => this.#tree.root() });
    else if (position === this.#base + 1 && this.#base > 0)
      differs(position, `it is the first behind the entries of a parent, and does not say so`);
    this.#last = digest;
    this.#tree.append(digest);
    const root = this.#signedSizes.has(position) ? this.#tree.root() : undefined;
    const { timeMs, kind, principal, agent, session, outcome } = found;
    this.#judge.take({ position, digest, timeMs, kind, principal, agent, session, outcome, text, root });
  }

  finish(): void {
    const { until } = this.#stretch;
    if (until === Infinity) this.#judge.finish();
    else if (this.#tree.size !== until)
      differs(this.#tree.size + 1, `the entry is missing: the log ends before ${until}`);
  }
}

/**
 * Checks that a row is the next one and that its bytes give its digest.
 *
 * @param found the row
 * @param position at which it must stand
 * @returns its digest and its text
 * @throws Differs
 */
function linked(found: FoundEntry, position: number): { readonly digest: string; readonly text: string } {
  if (found.position !== position)
    differs(position, `the entry is missing: the next row is that of position ${quoted(found.position)}`);
  const { text } = found;
  if (text === undefined) differs(position, "its bytes are not UTF-8 text");
  const digest = leafDigest(text);
  if (found.digest !== digest)
    differs(
      position,
      `its digest is not that of its bytes: found ${quoted(found.digest)}, and the bytes give ${digest}`,
    );
  return { digest, text };
}
