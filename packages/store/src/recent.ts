/**
 * The last entries, decoded: many watchers read the same ones, and none should have to decode them again.
 *
 * What nobody is going to read is not kept: an entry that lives long costs the collector more than it costs to decide.
 */
import type { RecordedEntry } from "@toka/kernel";

/** Entries that all have read are let go of so many at once: moving the array for every flush would cost more than it saves. */
const stepEntries = 256;

/** How far a watcher has read. */
export interface WatchCursor {
  after: number;
}

/** Entries without gaps, for those who watch. */
export class RecentEntries {
  readonly #max: number;
  readonly #watching = new Set<WatchCursor>();
  #entries: RecordedEntry[] = [];

  /** @param max entries kept for a watcher that falls behind */
  constructor(max: number) {
    this.#max = max;
  }

  /** Takes in a watcher, until it is said to leave. */
  join(cursor: WatchCursor): void {
    this.#watching.add(cursor);
  }

  /** Forgets a watcher. */
  leave(cursor: WatchCursor): void {
    this.#watching.delete(cursor);
    if (this.#watching.size === 0) this.clear();
  }

  /** Adds entries that follow the last one added. */
  add(entries: readonly RecordedEntry[]): void {
    if (this.#watching.size === 0) return;
    for (const entry of entries) this.#entries.push(entry);
    const first = this.#entries[0]?.entry.position ?? 0;
    let slowest = Number.POSITIVE_INFINITY;
    for (const { after } of this.#watching) slowest = Math.min(slowest, after);
    const read = Math.min(slowest + 1 - first, this.#entries.length);
    if (read >= stepEntries) this.#entries = this.#entries.slice(read);
    if (this.#entries.length > 2 * this.#max) this.#entries = this.#entries.slice(-this.#max);
  }

  /** Forgets everything: what follows may not be what was expected. */
  clear(): void {
    this.#entries = [];
  }

  /**
   * Entries after a position.
   *
   * @returns at most `limit` of them, or undefined when the first of them is not here
   */
  after(position: number, limit: number): readonly RecordedEntry[] | undefined {
    const first = this.#entries[0]?.entry.position;
    if (first === undefined || position + 1 < first) return undefined;
    const from = position + 1 - first;
    return this.#entries.slice(from, from + limit);
  }
}
