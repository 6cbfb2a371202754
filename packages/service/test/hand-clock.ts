/** A clock that only a test moves. */
import type { Clock } from "@toka/agent";

/** Where it begins, ms since 1970. */
export const startMs = 1_800_000_000_000;

/** Host time that only the test moves, and who waits for it. */
export class HandClock implements Clock {
  #nowMs = startMs;
  readonly #waiting = new Map<() => void, number>();
  /** Moments that were waited for, in order. */
  readonly asked: number[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const [wake, timeMs] of this.#waiting) if (timeMs <= this.#nowMs) wake();
  }

  reach(timeMs: number, { signal }: { readonly signal: AbortSignal }): Promise<void> {
    this.asked.push(timeMs - startMs);
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      if (timeMs <= this.#nowMs || signal.aborted) return wake();
      this.#waiting.set(wake, timeMs);
      signal.addEventListener("abort", wake, { once: true });
    });
  }

  /** Resolves when somebody waits for a moment, ms after the start. */
  async waitedFor(ms: number): Promise<void> {
    while (![...this.#waiting.values()].includes(startMs + ms)) await new Promise((done) => setImmediate(done));
  }
}
