/** When timers fire: once, again and again after a span, or by a cron expression. */
import { integer, nullable, oneOf, record, textThat, variant } from "../codec/shape.ts";
import type { Shape } from "../codec/shape.ts";
import { momentMs } from "../codec/shapes.ts";
import { fault } from "../failure.ts";
import { fixedLimits } from "../limits.ts";
import type { TimerSchedule } from "../state/entities.ts";
import { countOfCron, nextOfCron, readCron, type Cron } from "./cron.ts";

/** A schedule. */
export const timerSchedule: Shape<TimerSchedule> = variant<TimerSchedule>("type", {
  once: record<Extract<TimerSchedule, { type: "once" }>>({ type: oneOf("once"), atMs: momentMs }),
  interval: record<Extract<TimerSchedule, { type: "interval" }>>({
    type: oneOf("interval"),
    everyMs: integer(fixedLimits.timerEveryMsMin, fixedLimits.timerEveryMsMax),
    fromMs: nullable(momentMs),
  }),
  cron: record<Extract<TimerSchedule, { type: "cron" }>>({
    type: oneOf("cron"),
    expression: textThat((text) => readCron(text) !== undefined, "five cron fields such as 30 6 * * MON-FRI"),
  }),
});

/**
 * When a timer that is set now fires first.
 *
 * @param schedule its schedule
 * @param nowMs effective time
 * @returns a moment after now, or null when it never does
 */
export function firstFiring(schedule: TimerSchedule, nowMs: number): number | null {
  return bounded(firstOf(schedule, nowMs));
}

/**
 * What has come about of a timer that is due.
 *
 * @param schedule its schedule
 * @param options when it was due, and the effective time, which is not before
 * @returns how often it was due again by now, and when it is next: null when never
 */
export function laterFirings(
  schedule: TimerSchedule,
  { dueMs, nowMs }: { readonly dueMs: number; readonly nowMs: number },
): { readonly again: number; readonly nextMs: number | null } {
  switch (schedule.type) {
    case "once":
      return { again: 0, nextMs: null };
    case "interval": {
      const again = Math.floor((nowMs - dueMs) / schedule.everyMs);
      return { again, nextMs: bounded(dueMs + (again + 1) * schedule.everyMs) };
    }
    case "cron": {
      const cron = cronOf(schedule.expression);
      const again = countOfCron(cron, { afterMs: dueMs, untilMs: nowMs });
      return { again, nextMs: bounded(nextOfCron(cron, nowMs)) };
    }
  }
}

function firstOf(schedule: TimerSchedule, nowMs: number): number | null {
  switch (schedule.type) {
    case "once":
      return schedule.atMs > nowMs ? schedule.atMs : null;
    case "interval": {
      const { everyMs, fromMs } = schedule;
      if (fromMs === null) return nowMs + everyMs;
      return fromMs > nowMs ? fromMs : fromMs + (Math.floor((nowMs - fromMs) / everyMs) + 1) * everyMs;
    }
    case "cron":
      return nextOfCron(cronOf(schedule.expression), nowMs);
  }
}

function bounded(moment: number | null): number | null {
  return moment !== null && moment <= fixedLimits.timeMsMax ? moment : null;
}

function cronOf(expression: string): Cron {
  return readCron(expression) ?? fault(`the cron expression ${expression} was read before and is none`);
}
