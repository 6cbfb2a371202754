/**
 * The fold of a log as the store keeps it: the kernel's state, the head, the tree and the state's digest, moving together.
 */
import {
  applyEntry,
  emptyState,
  encodeEntity,
  entityKeys,
  takeDirty,
  type Entry,
  type KernelState,
} from "@toka/kernel";
import { digestText, zeroDigest } from "./digest.ts";
import { CompactRange } from "./merkle.ts";
import type { LogHead } from "./log.ts";
import { StateDigest } from "./state-digest.ts";

/** What a fold stands on when it does not begin at the first entry. */
export interface FoldStart {
  readonly state: KernelState;
  readonly head: LogHead;
  readonly peaks: readonly Uint8Array[];
  /** Of exactly this state; computed when absent. */
  readonly digest?: StateDigest;
}

/** State, head, tree and state digest after some entries. */
export class Fold {
  readonly state: KernelState;
  readonly tree: CompactRange;
  readonly #digest: StateDigest;
  #head: LogHead;

  /**
   * @param start where to go on from; nothing for the empty log
   */
  constructor(start?: FoldStart) {
    this.state = start?.state ?? emptyState();
    this.#head = start?.head ?? { position: 0, digest: zeroDigest, timeMs: 0 };
    this.tree = new CompactRange({ size: this.#head.position, peaks: start?.peaks ?? [] });
    this.#digest = start?.digest ?? new StateDigest();
    if (start?.digest === undefined)
      for (const key of entityKeys(this.state)) this.#digest.set(key, encodeEntity(this.state, key));
    takeDirty(this.state);
  }

  /** Position, digest and effective time of the last entry. */
  get head(): LogHead {
    return this.#head;
  }

  /**
   * Takes in the next entry: the state only. `advance` takes in its digest.
   *
   * @param entry the entry at the next position
   */
  apply(entry: Entry): void {
    applyEntry(this.state, entry);
  }

  /**
   * Moves head and tree over an entry that was applied.
   *
   * @param head of the entry
   */
  advance(head: LogHead): void {
    this.tree.append(head.digest);
    this.moveTo(head);
  }

  /**
   * Moves the head alone over an entry that was applied, for whoever keeps the tree elsewhere.
   *
   * @param head of the entry
   */
  moveTo(head: LogHead): void {
    this.#head = head;
  }

  /**
   * Digest of the state as it is now.
   *
   * @returns `sha256:…`
   */
  stateDigest(): string {
    for (const key of takeDirty(this.state)) this.#digest.set(key, encodeEntity(this.state, key));
    return digestText(this.#digest.root());
  }
}
