/** Checking signed heads while the fold passes them: those in the log itself, and the one that known-vaults remembers. */
import { checkpointKeyPurpose, openCheckpoint, originOf, type Checkpoint } from "../checkpoint.ts";
import type { Fold } from "../fold.ts";
import { checkpointOfKnown, differenceAtKnown, differenceFromKnown } from "../known-check.ts";
import type { KnownVault } from "../known-vaults.ts";
import type { CheckpointRow } from "../log.ts";
import { verifierOf } from "../note.ts";
import { differs } from "./finding.ts";

/** The key that a log records for its checkpoints, and the entry that records it. */
export interface RecordedCheckpointKey {
  readonly publicKey: string;
  readonly position: number;
}

/**
 * The key that the log itself records for its checkpoints.
 *
 * @returns the last such key, or undefined
 */
export function recordedKey(fold: Fold): RecordedCheckpointKey | undefined {
  return fold.state.vault?.keys.findLast((key) => key.purpose === checkpointKeyPurpose);
}

/** Where a fold stands when it passes something signed. */
export interface Passing {
  readonly fold: Fold;
  /** Root of the tree up to there; it is there wherever something is signed over it. */
  readonly root: Uint8Array | undefined;
}

function rootOf({ fold, root }: Passing): Buffer {
  if (root === undefined) throw new Error(`Cannot verify the vault: entry ${fold.head.position} came without its root`);
  return Buffer.from(root);
}

/** The checkpoints of one log, smallest first. */
export class CheckpointCheck {
  readonly #rows: Iterator<CheckpointRow>;
  #next: CheckpointRow | undefined;
  #previous: number;
  #checked = 0;

  /**
   * @param rows in the order of their sizes
   * @param previous size of the one before the first of them
   */
  constructor(rows: Iterable<CheckpointRow>, previous = 0) {
    this.#previous = previous;
    this.#rows = rows[Symbol.iterator]();
    this.#advance();
  }

  /** Checkpoints whose signature, root and state were compared. */
  get checked(): number {
    return this.#checked;
  }

  /** Size of the last one that was compared, or of the one before them. */
  get last(): number {
    return this.#previous;
  }

  /**
   * Compares the checkpoint of this size, if there is one.
   *
   * @param at where the fold stands
   * @throws Differs
   */
  pass(at: Passing): void {
    const { fold } = at;
    const { position } = fold.head;
    if (this.#next === undefined || this.#next.size > position) return;
    const { size, note } = this.#next;
    if (size !== position) differs(position, `a checkpoint of size ${size} lies out of order`);
    const key = recordedKey(fold);
    const verifier = key === undefined ? undefined : verifierOf(key.publicKey);
    const checkpoint = verifier === undefined ? undefined : openCheckpoint(note, verifier);
    if (checkpoint === undefined)
      differs(position, `the checkpoint of size ${size} is not signed by the key that the log records`);
    this.#compare(checkpoint, at);
    this.#previous = size;
    this.#checked += 1;
    this.#advance();
  }

  /**
   * Ends the check.
   *
   * @param position of the last entry
   * @throws Differs when a checkpoint covers more entries than there are
   */
  finish(position: number): void {
    if (this.#next !== undefined)
      differs(
        position + 1,
        `the entry is missing: the log ends at ${position}, and its own checkpoint covers ${this.#next.size}`,
      );
  }

  #compare(checkpoint: Checkpoint, at: Passing): void {
    const { fold } = at;
    const { position } = fold.head;
    const what = `the checkpoint of size ${position}`;
    if (checkpoint.size !== position) differs(position, `${what} says size ${checkpoint.size}`);
    const origin = originOf(fold.state.vault?.vault ?? "");
    if (checkpoint.origin !== origin) differs(position, `${what} is of another log, ${checkpoint.origin}`);
    if (!rootOf(at).equals(Buffer.from(checkpoint.root)))
      differs(position, `${what} has another root than the entries up to here`);
    const state = fold.stateDigest();
    if (checkpoint.state !== state)
      differs(position, `${what} has another state digest: found ${checkpoint.state}, and replaying gives ${state}`);
    if (checkpoint.previous !== this.#previous)
      differs(
        position,
        `${what} follows one of size ${checkpoint.previous}, and the one before it here is of size ${this.#previous}`,
      );
  }

  #advance(): void {
    const next = this.#rows.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}

/** What known-vaults remembers of one vault, compared while the fold passes. */
export class KnownCheck {
  readonly #known: KnownVault;
  readonly #checkpoint: Checkpoint;
  readonly #path: string;
  #passed = false;
  /** Whose log it seems to be, where that is another vault's. What was forked begins as its parent's and becomes its own. */
  #another: { readonly position: number; readonly state: string } | undefined;

  /**
   * @param known the record
   * @param path real path of the vault's folder
   * @throws StoreFailure `known_vaults_damaged` when the record does not hold together
   */
  constructor(known: KnownVault, path: string) {
    this.#known = known;
    this.#path = path;
    this.#checkpoint = checkpointOfKnown(known);
  }

  /** Entries that the known checkpoint covers. */
  get size(): number {
    return this.#checkpoint.size;
  }

  /** Whether the fold has passed that size and agreed. */
  get passed(): boolean {
    return this.#passed;
  }

  /**
   * Compares the vault's id and key once they are known, and tree and state at the known size.
   *
   * @throws Differs
   */
  pass(at: Passing): void {
    const { fold } = at;
    const { position } = fold.head;
    const key = recordedKey(fold);
    const vault = fold.state.vault?.vault ?? "";
    if (position === 1 || key?.position === position) {
      const presented = { path: this.#path, vault, key: key?.publicKey ?? this.#known.key, entries: this.#known.size };
      const difference = differenceFromKnown(this.#known, presented);
      if (difference !== undefined) this.#another ??= { position, state: difference.state };
    }
    if (position !== this.#checkpoint.size) return;
    this.#sameVault();
    const difference = differenceAtKnown(this.#checkpoint, { root: rootOf(at), state: fold.stateDigest() });
    if (difference !== undefined)
      differs(position, `this is not the vault known at ${this.#path}: ${difference.state}`);
    this.#passed = true;
  }

  /** Whether the log seems to be another vault's so far. */
  get isOfAnother(): boolean {
    return this.#another !== undefined;
  }

  /** The log is another vault's from here on: whose it was before says nothing. */
  restart(): void {
    this.#another = undefined;
  }

  #sameVault(): void {
    if (this.#another === undefined) return;
    const { position, state } = this.#another;
    differs(position, `this is not the vault known at ${this.#path}: ${state}`);
  }

  /**
   * Ends the check.
   *
   * @param position of the last entry
   * @throws Differs when the log is shorter than was known
   */
  finish(position: number): void {
    this.#sameVault();
    if (this.#checkpoint.size > position)
      differs(
        position + 1,
        `the entry is missing: the log ends at ${position}, and ${this.#checkpoint.size} entries were seen before`,
      );
  }
}
