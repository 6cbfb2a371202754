/**
 * Following a growing sequence without losing any of it: a bell that rings when the head moves, and a loop that reads on
 * from its own cursor. Nothing is buffered for a slow reader, who simply reads later.
 */

import type { StopSignal } from "@toka/kernel";

/** Rings when the head of a log has moved, or for the last time when the log closes. */
export class Bell {
  #waiting: (() => void)[] = [];
  #closed = false;

  /** Whether the log has closed: nothing will come any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Wakes everybody who waits. */
  ring(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Wakes everybody for the last time. */
  close(): void {
    this.#closed = true;
    this.ring();
  }

  /**
   * Waits for the next ring.
   *
   * @returns when the bell rang, closed, or the signal aborted
   */
  wait(signal: StopSignal): Promise<void> {
    if (this.#closed || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        signal.removeEventListener("abort", aborted);
        resolve();
      };
      const aborted = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== wake);
        resolve();
      };
      signal.addEventListener("abort", aborted, { once: true });
      this.#waiting.push(wake);
    });
  }
}

/** Where `follow` reads from: `head` is the last durable position, `read` gives items after a position in order, `bell` rings when `head` moved. */
export interface Followed<Item> {
  readonly bell: Bell;
  head(): number;
  read(after: number): Promise<readonly Item[]>;
  positionOf(item: Item): number;
}

/**
 * Yields every item after a position, in order, then waits for more. When the source closes, it ends.
 *
 * @param after the cursor to start from
 * @param options `source` to read from; `signal` ends the loop
 * @returns items until the signal aborts or the source closes
 */
export async function* follow<Item>(
  after: number,
  { source, signal }: { readonly source: Followed<Item>; readonly signal: StopSignal },
): AsyncGenerator<Item, void, undefined> {
  let cursor = after;
  while (!signal.aborted && !source.bell.closed) {
    if (source.head() <= cursor) {
      await source.bell.wait(signal);
      continue;
    }
    const items = await source.read(cursor);
    for (const item of items) {
      if (signal.aborted) return;
      cursor = source.positionOf(item);
      yield item;
    }
  }
}
