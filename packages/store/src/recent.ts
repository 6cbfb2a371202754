/** The last entries, decoded: many watchers read the same ones, and none should have to decode them again. */
import type { RecordedEntry } from "@toka/kernel";

/** Entries without gaps, of which the oldest go when there are too many. */
export class RecentEntries {
  readonly #max: number;
  #entries: RecordedEntry[] = [];

  /** @param max entries kept */
  constructor(max: number) {
    this.#max = max;
  }

  /** Adds entries that follow the last one added. */
  add(entries: readonly RecordedEntry[]): void {
    for (const entry of entries) this.#entries.push(entry);
    // Cut in large steps: moving the array for every entry would cost more than it saves.
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
