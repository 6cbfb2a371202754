/** Time as the drivers see it: a port, so that tests and simulations move it themselves. */

/** Host time and waking up. */
export interface Clock {
  /** Host time, ms since 1970. */
  nowMs(): number;
  /** Resolves once host time has reached `timeMs`, or when `signal` aborts; never rejects. */
  reach(timeMs: number, options: { readonly signal: AbortSignal }): Promise<void>;
}

/** Longest wait of one timer: beyond 2^31 - 1 ms Node fires at once. */
const timerMsMax = 2_147_483_647;

/**
 * Makes a clock that waits by the machine's timers.
 *
 * @param nowMs host time, ms since 1970; it may go at another speed than the timers
 * @returns the clock
 */
export function clockOver(nowMs: () => number): Clock {
  const reach: Clock["reach"] = async (timeMs, { signal }) => {
    while (!signal.aborted) {
      const leftMs = timeMs - nowMs();
      if (leftMs <= 0) return;
      await new Promise<void>((resolve) => {
        const end = (): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", end);
          resolve();
        };
        const timer = setTimeout(end, Math.min(leftMs, timerMsMax));
        signal.addEventListener("abort", end, { once: true });
      });
    }
  };
  return { nowMs, reach };
}
