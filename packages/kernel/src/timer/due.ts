/** Which timers are due. */
import { compareIds } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { Timer } from "../state/entities.ts";
import type { KernelState } from "../state/state.ts";

/**
 * When the next timer is due: the host then asks `clock.tick`.
 *
 * @returns a moment, past ones included, or null when no timer is set or the vault is held
 */
export function nextTimerMs(state: KernelState): number | null {
  if (state.vault?.held === true) return null;
  let next: number | null = null;
  for (const { nextMs } of state.timers.values()) {
    if (next === null || nextMs < next) next = nextMs;
  }
  return next;
}

/**
 * The timers that fire in one tick.
 *
 * @param state in which they are set
 * @param nowMs effective time
 * @returns at most 64, the longest due first; of equal ones the first set
 */
export function dueTimers(state: KernelState, nowMs: number): readonly Timer[] {
  const due = [...state.timers.values()].filter(({ nextMs }) => nextMs <= nowMs);
  due.sort((left, right) => left.nextMs - right.nextMs || compareIds(left.id, right.id));
  return due.slice(0, fixedLimits.timersPerTickMax);
}
