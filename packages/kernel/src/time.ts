/** The kernel's time: never backwards, never a day ahead without an administrator, and the minute that refusals are counted in. */
import { genesisIds } from "./ids.ts";
import { fixedLimits } from "./limits.ts";
import type { Stamp } from "./stamp.ts";
import type { RefusalWindow } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/**
 * The time that an operation is decided at: a clock that steps back revives nothing.
 *
 * @returns the later of the last entry's and the stamp's, ms
 */
export function effectiveTimeMs(state: KernelState, stamp: Stamp): number {
  return Math.max(state.head.timeMs, stamp.timeMs);
}

/**
 * Tells whether the host's clock is ahead of the log by more than it may be.
 *
 * @returns true above 24 hours
 */
export function jumps(state: KernelState, stamp: Stamp): boolean {
  return state.head.position > 0 && stamp.timeMs - state.head.timeMs > fixedLimits.clockJumpMsMax;
}

/**
 * How many refusals were recorded for an asker in this minute.
 *
 * @param state before the refusal
 * @returns the row that counts it, as it stands before
 */
export function refusalsThisMinute(state: KernelState, stamp: Stamp): RefusalWindow {
  // Those that nobody knows share the host's row, or they could fill the state with rows.
  const id = state.principals.has(stamp.principal) ? stamp.principal : genesisIds.host;
  const minute = Math.floor(timeAfterRefusal(state, stamp) / fixedLimits.refusalWindowMs);
  const row = state.refusals.get(id);
  return row?.minute === minute ? row : { id, minute, recorded: 0 };
}

/**
 * The time of the log after a refusal: a refused jump does not move it.
 *
 * @returns ms
 */
export function timeAfterRefusal(state: KernelState, stamp: Stamp): number {
  return jumps(state, stamp) ? state.head.timeMs : effectiveTimeMs(state, stamp);
}
