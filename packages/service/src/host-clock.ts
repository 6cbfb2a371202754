/**
 * Host time that neither stands still nor goes back.
 *
 * The kernel's effective time never falls, so a machine whose clock was set back, or once ran ahead, would see time stand still until it
 * has caught up: nothing would expire, and what waits for a moment would wait for days. Until then host time goes on at half the speed of
 * real time, from the last moment that the log knows.
 *
 * Source: adjtime(3), which slews a clock for the same reason.
 */
import { fixedLimits } from "@toka/kernel";

/** Where time comes from, in ms. */
export interface TimeSources {
  /** The machine's clock, since 1970; it may jump. */
  readonly wall: () => number;
  /** Time since some moment; it never jumps. */
  readonly monotonic: () => number;
}

/** The time of one process. */
export interface HostClock {
  /** Whole ms since 1970. */
  readonly nowMs: () => number;
  /** Lets time go on from a moment of the log, unless it is past that. */
  readonly startFrom: (timeMs: number) => void;
}

/** Speed at which the machine's clock is waited for. */
const slewedSpeed = 0.5;

/**
 * Makes the clock of a process.
 *
 * @param sources - the machine's clock and a monotonic one
 * @returns the clock; a jump ahead that the kernel would refuse is told, and not gone on from
 */
export function createHostClock({ wall, monotonic }: TimeSources): HostClock {
  let base = { timeMs: wall(), atMs: monotonic() };
  return {
    nowMs: () => {
      const wallMs = wall();
      const atMs = monotonic();
      const elapsedMs = atMs - base.atMs;
      const slewedMs = base.timeMs + elapsedMs * slewedSpeed;
      if (wallMs <= slewedMs) return Math.floor(slewedMs);
      const jumpMs = wallMs - (base.timeMs + elapsedMs);
      if (jumpMs <= fixedLimits.clockJumpMsMax) base = { timeMs: wallMs, atMs };
      return wallMs;
    },
    startFrom: (timeMs) => {
      base = { timeMs: Math.max(timeMs, wall()), atMs: monotonic() };
    },
  };
}
