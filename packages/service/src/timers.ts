/**
 * Asks the kernel for a tick when a timer is due: the one place where host time becomes firings.
 *
 * What is due it reads from the state, so that a timer that came due while no process had the vault fires as soon as one has.
 */
import type { Clock } from "@toka/agent";
import { type Caller, type MachinePort, nextTimerMs } from "@toka/kernel";

import { refusalInWords } from "./refusal-words.ts";

/** What is needed to keep a vault's timers. */
export interface TimerParts {
  readonly machine: Pick<MachinePort, "submit" | "view" | "watch">;
  /** The host, who alone may ask for a tick. */
  readonly host: Caller;
  readonly clock: Clock;
  /** Aborted to stop. */
  readonly signal: AbortSignal;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
}

/** Wait after a tick that was not made, ms; doubled at each in a row. */
const retryMsFirst = 1_000;
/** Longest such wait, ms. */
const retryMsMax = 300_000;

/**
 * Keeps the timers of a vault until the signal is aborted. It never rejects: what stops it for good is told as a note.
 *
 * @param parts - machine, host, clock, signal
 * @returns when it has stopped
 */
export async function keepTimers(parts: TimerParts): Promise<void> {
  const { machine, clock, signal, onNote } = parts;
  let retryMs = retryMsFirst;
  while (!signal.aborted) {
    try {
      const seen = await machine.view((state) => ({
        dueMs: nextTimerMs(state),
        position: state.head.position,
        timeMs: state.head.timeMs,
      }));
      // The kernel's time never falls, so that a clock that was set back makes no timer wait again.
      if (seen.dueMs === null || seen.dueMs > Math.max(clock.nowMs(), seen.timeMs)) {
        await untilDue(seen, parts);
        continue;
      }
      await tick(parts);
      retryMs = retryMsFirst;
    } catch (thrown) {
      if (signal.aborted) return;
      onNote(`note: timers wait: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      if (isFinal(thrown)) return;
      await clock.reach(clock.nowMs() + retryMs, { signal });
      retryMs = Math.min(retryMs * 2, retryMsMax);
    }
  }
}

/** Waits for the next timer, or for one to be set that is due before it. */
async function untilDue(
  { dueMs, position }: { readonly dueMs: number | null; readonly position: number },
  { machine, clock, signal }: TimerParts,
): Promise<void> {
  const stop = new AbortController();
  const either = AbortSignal.any([signal, stop.signal]);
  const waits = [earlierTimer(machine, { position, dueMs, signal: either })];
  if (dueMs !== null) waits.push(clock.reach(dueMs, { signal: either }));
  try {
    await Promise.race(waits);
  } finally {
    stop.abort();
    await Promise.allSettled(waits);
  }
}

async function earlierTimer(
  machine: TimerParts["machine"],
  options: { readonly position: number; readonly dueMs: number | null; readonly signal: AbortSignal },
): Promise<void> {
  const { position, dueMs, signal } = options;
  for await (const { entry } of machine.watch(position, { signal })) {
    if (!("events" in entry.outcome)) continue;
    for (const event of entry.outcome.events) {
      // While a vault is held none is due.
      if (event.type === "vault.resumed") return;
      if (event.type === "timer.set" && (dueMs === null || event.nextMs < dueMs)) return;
    }
  }
}

async function tick({ machine, host }: TimerParts): Promise<void> {
  const { outcome } = await machine.submit({ type: "clock.tick" }, { caller: host });
  // The timer that was due may have been cancelled, or have ended with its agent, a moment ago.
  if (!("refusal" in outcome) || outcome.refusal.code === "timer_not_due") return;
  throw new Error(`Cannot fire the timers: ${refusalInWords(outcome.refusal)}`);
}

function isFinal(thrown: unknown): boolean {
  return typeof thrown === "object" && thrown !== null && Reflect.get(thrown, "retry") === "never";
}
