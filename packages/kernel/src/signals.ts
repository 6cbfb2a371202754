/** How much one principal may say in a minute: what is said stays in the log, whoever listens. */
import { openVault } from "./decision.ts";
import { fixedLimits } from "./limits.ts";
import type { LimitRefusal } from "./refusal.ts";
import type { SignalWindow } from "./state/entities.ts";
import type { LiveState } from "./state/live-state.ts";
import type { Stamp } from "./stamp.ts";

/** When something is said, by whom, and how much it is. */
interface Said {
  readonly stamp: Pick<Stamp, "principal">;
  /** Effective time, ms. */
  readonly timeMs: number;
  /** Of its content. */
  readonly bytes: number;
}

/**
 * Whether a principal has said enough for this minute.
 *
 * @returns the refusal, or undefined
 */
export function saidEnough(state: LiveState, said: Said): LimitRefusal | undefined {
  const { signalsPerMinuteMax, signalBytesPerMinuteMax } = openVault(state).limits;
  const { count, bytes } = windowOf(state, said);
  if (count >= signalsPerMinuteMax) {
    return { code: "limit_reached", limit: "signalsPerMinuteMax", max: signalsPerMinuteMax };
  }
  if (bytes + said.bytes <= signalBytesPerMinuteMax) return undefined;
  return { code: "limit_reached", limit: "signalBytesPerMinuteMax", max: signalBytesPerMinuteMax };
}

/** Counts that a principal said something. */
export function countSignal(state: LiveState, said: Said): void {
  const window = windowOf(state, said);
  state.table.signals.put({ ...window, count: window.count + 1, bytes: window.bytes + said.bytes });
}

function windowOf(state: LiveState, { stamp, timeMs }: Said): SignalWindow {
  const id = stamp.principal;
  const minute = Math.floor(timeMs / fixedLimits.signalWindowMs);
  const row = state.signals.get(id);
  return row?.minute === minute ? row : { id, minute, count: 0, bytes: 0 };
}
