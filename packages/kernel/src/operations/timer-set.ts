/**
 * `timer.set`: an agent, or somebody who controls it, has a message sent to the agent at a moment, again and again, or by the calendar.
 *
 * A timer ends with its agent, after its last firing, and by `timer.cancel`.
 */
import { oneOf, record } from "../codec/shape.ts";
import { contentUpTo, id } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, controlled, full, type OperationKind, refuse } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import { saidEnough } from "../signals.ts";
import type { TimerSchedule } from "../state/entities.ts";
import { firstFiring, timerSchedule } from "../timer/schedule.ts";

/** Sets a timer. */
export interface TimerSet {
  readonly type: "timer.set";
  readonly agent: AgentId;
  readonly schedule: TimerSchedule;
  /** The message. */
  readonly content: Content;
}

/** How it is read and decided. */
export const timerSet: OperationKind<TimerSet> = {
  shape: record<TimerSet>({
    type: oneOf("timer.set"),
    agent: id("agent"),
    schedule: timerSchedule,
    content: contentUpTo(fixedLimits.messageBytesMax),
  }),
  decide: (state, { agent, schedule, content }, moment) => {
    const asked = controlled(state, { moment, agent });
    if ("refused" in asked) return asked;
    const nowMs = moment.timeMs;
    const nextMs = firstFiring(schedule, nowMs);
    if (nextMs === null) return refuse({ code: "timer_never_fires", nowMs });
    const max = fixedLimits.openTimersMax;
    if (state.index.timersOf.count(agent) >= max) return refuse({ code: "limit_reached", limit: "openTimersMax", max });
    const over =
      full("timersMax", { state, count: state.timers.size }) ?? saidEnough(state, { ...moment, bytes: content.size });
    if (over !== undefined) return refuse(over);
    return accept({ type: "timer.set", schema: 1, timer: moment.fresh("timer"), agent, nextMs });
  },
};
