/**
 * What everybody was told, and what was asked of the log: kept beside the simulated world, where no crash reaches it.
 *
 * After every crash the log must be a prefix of what was appended that holds everything anybody was told.
 */
import type { CheckpointRow, LogBatch, LogRow } from "../packages/store/src/log.ts";

/** A law that does not hold. The simulation ends with it. */
export class Broken extends Error {
  override readonly name: "Broken" = "Broken";
}

/** The memory of the world outside. */
export class Ledger {
  /** Digests that an append was asked for with, by position. */
  readonly #asked = new Map<number, Set<string>>();
  /** Digests of rows that an append ended with. */
  readonly #ends = new Set<string>();
  readonly #told = new Map<number, string>();
  readonly #checkpoints = new Map<number, string>();
  #seenTo = 0;

  /** An append was asked for: from now on the log may hold it. */
  asked({ rows }: LogBatch): void {
    for (const { position, digest } of rows) {
      const known = this.#asked.get(position);
      if (known === undefined) this.#asked.set(position, new Set([digest]));
      else known.add(digest);
    }
    const last = rows.at(-1);
    if (last !== undefined) this.#ends.add(last.digest);
  }

  /**
   * Somebody was shown an entry or told that it is recorded: from now on the log must hold it.
   *
   * @throws Broken when he was told something else of this position before
   */
  told(position: number, digest: string): void {
    const before = this.#told.get(position);
    if (before !== undefined && before !== digest) throw new Broken(`entry ${position} was told of with two digests`);
    this.#told.set(position, digest);
  }

  /** Somebody was shown the state after an entry. */
  seen(position: number): void {
    this.#seenTo = Math.max(this.#seenTo, position);
  }

  /** Somebody was told that a checkpoint is in the log. */
  checkpointed({ size, note }: CheckpointRow): void {
    this.#checkpoints.set(size, note);
  }

  /**
   * Compares a log with what is known of it.
   *
   * @throws Broken
   */
  check(rows: readonly LogRow[], checkpoints: readonly CheckpointRow[]): void {
    for (const [index, { position, digest }] of rows.entries()) {
      if (position !== index + 1) throw new Broken(`the log has entry ${position} in place ${index + 1}`);
      if (this.#asked.get(position)?.has(digest) !== true)
        throw new Broken(`entry ${position} is none that was appended there`);
    }
    const last = rows.at(-1);
    if (last !== undefined && !this.#ends.has(last.digest))
      throw new Broken(`the log ends with entry ${last.position}, in the middle of an append`);
    for (const [position, digest] of this.#told)
      if (rows[position - 1]?.digest !== digest) throw new Broken(`entry ${position} was told of and is lost`);
    if (rows.length < this.#seenTo)
      throw new Broken(`the state after entry ${this.#seenTo} was shown, and the log ends at ${rows.length}`);
    for (const [size, note] of this.#checkpoints)
      if (!checkpoints.some((one) => one.size === size && one.note === note))
        throw new Broken(`the checkpoint of size ${size} is lost`);
  }
}
