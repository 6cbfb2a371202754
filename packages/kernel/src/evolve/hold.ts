/**
 * What going on elsewhere does to a state: everything that is under way is cut loose, since somebody else brings it to an end.
 * And what leaving a hold does to timers.
 */
import { book, drain, giveBack } from "../budget/booking.ts";
import type { Effect } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { laterFirings } from "../timer/schedule.ts";
import { setStep } from "./task.ts";

/**
 * Cuts loose what is under way. Effects are abandoned: what was begun counts as spent, what was not is given back. Leases end.
 * Running attempts of tasks lose none of their time to the span between the last entry and now.
 */
export function cutLoose(state: LiveState, timeMs: number): void {
  for (const effect of [...state.effects.values()]) abandon(state, effect, timeMs);
  for (const lease of [...state.leases.values()]) state.table.leases.drop(lease.id);
  const sinceMs = timeMs - state.head.timeMs;
  for (const task of [...state.tasks.values()]) {
    if (task.startedAtMs === null) continue;
    state.table.tasks.replace(task, { ...task, startedAtMs: task.startedAtMs + sinceMs });
  }
}

/** Timers that recur go on with their next moment; those that fire once and came due are still due. */
export function skipMissed(state: LiveState, nowMs: number): void {
  for (const timer of [...state.timers.values()]) {
    if (timer.schedule.type === "once" || timer.nextMs > nowMs) continue;
    const { again, nextMs } = laterFirings(timer.schedule, { dueMs: timer.nextMs, nowMs });
    if (nextMs === null) state.table.timers.drop(timer.id);
    else state.table.timers.replace(timer, { ...timer, nextMs, missed: timer.missed + again + 1 });
  }
}

// What came of it is not known here and never will be. What is owed was booked when it became so, and holds nothing.
function abandon(state: LiveState, effect: Effect, timeMs: number): void {
  const { budget, reserve: held } = effect;
  if (effect.status === "started") book(state, { budget, timeMs, held, booked: held });
  else giveBack(state, { budget, timeMs, held });
  state.table.effects.drop(effect.id);
  drain(state, { budget, timeMs });
  if (effect.task === null || effect.step === null) return;
  const to = { status: "failed", effect: effect.id, result: null, code: "abandoned" } as const;
  setStep(state, { task: effect.task, step: effect.step, to });
}
