/** What events of sessions do to the state. Faults leave nothing. */
import type { SessionEvent } from "../events/session.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of sessions, or a recorded fault. */
export function evolveSession(state: LiveState, event: SessionEvent, cause: Cause): void {
  switch (event.type) {
    case "session.started": {
      const { name, plan, crew, workspace, output } = askedFor(cause, "session.start");
      state.table.sessions.put({
        id: event.session,
        name,
        starter: cause.stamp.principal,
        agents: plan.agents.map((planned) => ({
          name: planned.name,
          dependsOn: planned.dependsOn,
          state: "waiting",
          agent: null,
          restarts: 0,
        })),
        concurrencyMax: plan.concurrencyMax,
        onFailure: plan.onFailure,
        restartsMax: plan.restartsMax,
        crew,
        workspace,
        output,
        wave: 0,
      });
      return;
    }
    case "session.advanced": {
      const session = rowOf(state.sessions, event.session);
      const agents = session.agents.map((planned) =>
        event.skipped.includes(planned.name) ? { ...planned, state: "skipped" as const } : planned,
      );
      return state.table.sessions.put({ ...session, wave: event.wave, agents });
    }
    case "session.ended":
      return state.table.sessions.drop(event.session);
    case "fault.recorded":
      return;
  }
}
