/** What a log of segments keeps in memory: where everything is, and by what rows are found. It is made anew whenever the log is opened. */
import { tellsOfChanges } from "../../changes-mark.ts";
import { zeroDigest } from "../../digest.ts";
import { StoreFailure } from "../../failure.ts";
import type { CheckpointRow, LogBatch, LogFilter, LogHead, LogPage, LogRow, PayloadReference } from "../../log.ts";
import { passTraces, Traces, type EntryTraces } from "../../traces.ts";
import type { FramePlace } from "./segment-file.ts";

/** A row, without what only its frame holds. */
export interface IndexedRow extends Pick<LogRow, "position" | "timeMs">, EntryTraces {
  readonly changes: boolean;
  readonly place: FramePlace;
}

/** A payload, without what only its frame holds. */
export interface IndexedPayload {
  readonly size: number;
  readonly place: FramePlace;
  references: number;
  /** The entry that erased it; absent for one that is there. */
  erasedAt?: number;
}

/** Rows, payloads and checkpoints that are durable. */
export class LogIndex {
  readonly rows: IndexedRow[] = [];
  readonly payloads: Map<string, IndexedPayload> = new Map<string, IndexedPayload>();
  readonly checkpoints: CheckpointRow[] = [];
  readonly #traces = new Traces();
  #head: LogHead = { position: 0, digest: zeroDigest, timeMs: 0 };

  /** The last row. */
  get head(): LogHead {
    return this.#head;
  }

  /**
   * Takes in a batch that is durable.
   *
   * @param batch the next one
   * @param place of its frame
   * @throws StoreFailure `vault_damaged` when it does not follow, which a frame that was written here does
   */
  take({ rows, payloads, erased = [] }: LogBatch, place: FramePlace): void {
    for (const row of rows) {
      const { position, timeMs, digest } = row;
      if (position !== this.#head.position + 1) throw unfit(`found the row of position ${position}`);
      this.#traces.learn(position, row.bytes);
      this.rows.push({ position, timeMs, ...this.#traces.of(row), changes: tellsOfChanges(row), place });
      this.#head = { position, digest, timeMs };
    }
    for (const { commitment, stored } of payloads) {
      const known = this.payloads.get(commitment);
      if (known !== undefined) known.references += 1;
      else if (stored === undefined) throw unfit(`payload ${commitment} is named before it is stored`);
      else this.payloads.set(commitment, { size: stored.size, place, references: 1 });
    }
    for (const { commitment, by } of erased) {
      const known = this.payloads.get(commitment);
      if (known === undefined) throw unfit(`payload ${commitment} is erased before it is stored`);
      known.erasedAt = by;
    }
  }

  /** The payloads that were erased. */
  erased(): readonly string[] {
    return [...this.payloads].flatMap(([commitment, { erasedAt }]) => (erasedAt === undefined ? [] : [commitment]));
  }

  /**
   * The rows after a position that pass a filter.
   *
   * @returns at most `page.limit`, in order
   */
  find(filter: LogFilter, page: LogPage): readonly IndexedRow[] {
    const found: IndexedRow[] = [];
    for (let at = page.after; at < this.rows.length && found.length < page.limit; at += 1) {
      const row = this.rows[at];
      if (row !== undefined && passes(row, filter)) found.push(row);
    }
    return found;
  }

  /**
   * The cursor after which all rows have an effective time at or above a moment.
   *
   * @returns a position, or 0
   */
  seek(timeMs: number): number {
    let low = 0;
    let high = this.rows.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.rows[middle];
      if (row !== undefined && row.timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/**
 * The references of a batch as its frame holds them: a payload is brought by the first that names it, and by no other.
 *
 * @param named the references as they were asked for
 * @param isThere whether a payload is in the log, or will be by an append that was asked for before
 * @returns the references
 * @throws StoreFailure `payload_missing` when one is neither there nor brought
 */
export function settledReferences(
  named: readonly PayloadReference[],
  isThere: (commitment: string) => boolean,
): readonly PayloadReference[] {
  const brought = new Set<string>();
  return named.map(({ commitment, stored }) => {
    if (brought.has(commitment) || isThere(commitment)) return { commitment };
    if (stored === undefined)
      throw new StoreFailure("payload_missing", {
        message: `Cannot append to the log: payload ${commitment} is named and not stored`,
        retry: "never",
      });
    brought.add(commitment);
    return { commitment, stored };
  });
}

function passes(row: IndexedRow, filter: LogFilter): boolean {
  return (filter.changes === undefined || row.changes) && passTraces(row, filter);
}

function unfit(state: string): StoreFailure {
  return new StoreFailure("vault_damaged", { message: `Cannot read the log: ${state}`, retry: "never" });
}
