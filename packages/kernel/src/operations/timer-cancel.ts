/** `timer.cancel`: the timer's agent, or somebody who controls it, ends a timer. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, controlled, type OperationKind, refuse } from "../decision.ts";
import type { TimerId } from "../ids.ts";

/** Cancels a timer. */
export interface TimerCancel {
  readonly type: "timer.cancel";
  readonly timer: TimerId;
}

/** How it is read and decided. */
export const timerCancel: OperationKind<TimerCancel> = {
  shape: record<TimerCancel>({ type: oneOf("timer.cancel"), timer: id("timer") }),
  decide: (state, { timer }, moment) => {
    const row = state.timers.get(timer);
    // One answer for what is not set and for another's.
    if (row === undefined || "refused" in controlled(state, { moment, agent: row.agent })) {
      return refuse({ code: "timer_unknown", timer });
    }
    return accept({ type: "timer.cancelled", schema: 1, timer, agent: row.agent });
  },
};
