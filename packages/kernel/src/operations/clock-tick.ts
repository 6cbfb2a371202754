/**
 * `clock.tick`: the host says that it may be time, and the timers that are due fire: their messages wait for their agents. Host only.
 *
 * At most 64 fire, the longest due first; the host asks again while one is due. A timer that was due several times fires once, and the
 * others are counted.
 */
import { oneOf, record } from "../codec/shape.ts";
import { accept, openVault, type OperationKind, refuse } from "../decision.ts";
import type { TimerFired } from "../events/timer.ts";
import { fault } from "../failure.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { LiveState } from "../state/live-state.ts";
import { dueTimers, nextTimerMs } from "../timer/due.ts";
import { laterFirings } from "../timer/schedule.ts";

/** Has the timers fire that are due. */
export interface ClockTick {
  readonly type: "clock.tick";
}

/** How it is read and decided. */
export const clockTick: OperationKind<ClockTick> = {
  shape: record<ClockTick>({ type: oneOf("clock.tick") }),
  hostOnly: true,
  // The timers of a held vault wait.
  starts: true,
  decide: (state, _operation, { timeMs: nowMs, fresh }) => {
    const due = dueTimers(state, nowMs);
    if (due.length === 0) return refuse({ code: "timer_not_due", nextMs: nextTimerMs(state) });
    const room = roomFor(state);
    const fired = due.map(({ id, agent, nextMs: dueMs, schedule }): TimerFired => {
      const { again, nextMs } = laterFirings(schedule, { dueMs, nowMs });
      const message = room(agent) ? fresh("message") : null;
      return { type: "timer.fired", schema: 1, timer: id, agent, dueMs, again, message, nextMs };
    });
    return accept(...fired);
  },
};

// Counts along, since several timers of one tick may fill the same mailbox.
function roomFor(state: LiveState): (agent: AgentId) => boolean {
  const { messagesMax } = openVault(state).limits;
  const added = new Map<AgentId, number>();
  let total = state.messages.size;
  return (agent) => {
    const { principal } = state.agents.get(agent) ?? fault(`a timer is set for ${agent}, which is gone`);
    const more = added.get(agent) ?? 0;
    const waiting = state.index.messagesTo.count(principal) + more;
    if (waiting >= fixedLimits.openMessagesMax || total >= messagesMax) return false;
    added.set(agent, more + 1);
    total += 1;
    return true;
  };
}
