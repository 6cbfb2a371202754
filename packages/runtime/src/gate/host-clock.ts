/** The host's time, and waiting for it: a port, so that a simulation can keep both. */

/** Longest wait of one timer: beyond 2^31 - 1 ms Node fires at once. */
const timerMsMax = 2_147_483_647;

/** What the gate knows the time by. */
export interface HostClock {
  /** Host time, ms since 1970. */
  nowMs(): number;
  /** Calls once when a span is over, or when as much of it is as one timer can wait; the system's timers when absent. Gives what forgets it. */
  readonly after?: (ms: number, task: () => void) => () => void;
}

/**
 * Calls once when a span is over.
 *
 * @param clock whose time it is
 * @param of `ms` to wait; longer than a timer can is cut to that; and what to do then
 * @returns what forgets it
 */
export function callAfter(
  clock: Pick<HostClock, "after">,
  { ms, task }: { readonly ms: number; readonly task: () => void },
): () => void {
  const waitMs = Math.min(Math.max(ms, 0), timerMsMax);
  if (clock.after !== undefined) return clock.after(waitMs, task);
  const timer = setTimeout(task, waitMs);
  return () => clearTimeout(timer);
}

/** @returns when a span is over */
export function waitFor(clock: Pick<HostClock, "after">, ms: number): Promise<void> {
  return new Promise((resolve) => {
    callAfter(clock, { ms, task: resolve });
  });
}
