/** What events of timers do to the state. */
import type { TimerEvent, TimerFired } from "../events/timer.ts";
import { countSignal } from "../signals.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of timers. */
export function evolveTimer(state: LiveState, event: TimerEvent, cause: Cause): void {
  switch (event.type) {
    case "timer.set": {
      const { agent, schedule, content } = askedFor(cause, "timer.set");
      const from = cause.stamp.principal;
      const sender = rowOf(state.principals, from).name;
      const { timer: id, nextMs } = event;
      state.table.timers.put({ id, agent, from, sender, schedule, content, nextMs, fired: 0, missed: 0 });
      return countSignal(state, { ...cause, bytes: content.size });
    }
    case "timer.cancelled":
      return state.table.timers.drop(event.timer);
    case "timer.fired":
      return fired(state, event, cause.timeMs);
  }
}

function fired(state: LiveState, { timer: id, again, message, nextMs }: TimerFired, timeMs: number): void {
  const timer = rowOf(state.timers, id);
  if (message !== null) {
    const { from, sender, content } = timer;
    const to = rowOf(state.agents, timer.agent).principal;
    state.table.messages.put({ id: message, to, from, sender, topic: null, timer: id, content, sentAtMs: timeMs });
  }
  if (nextMs === null) return state.table.timers.drop(id);
  const sent = message === null ? 0 : 1;
  const counts = { fired: timer.fired + sent, missed: timer.missed + again + 1 - sent };
  return state.table.timers.replace(timer, { ...timer, nextMs, ...counts });
}
