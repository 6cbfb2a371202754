/** `session.end`: a session is over; no agent of it lives. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import type { SessionId } from "../ids.ts";
import type { EndOutcome } from "../reasons.ts";

/** Ends a session. */
export interface SessionEnd {
  readonly type: "session.end";
  readonly session: SessionId;
  readonly outcome: EndOutcome;
}

/** How it is read and decided. */
export const sessionEnd: OperationKind<SessionEnd> = {
  shape: record<SessionEnd>({
    type: oneOf("session.end"),
    session: id("session"),
    outcome: oneOf("completed", "failed", "cancelled"),
  }),
  decide: (state, { session: id, outcome }, moment) => {
    const session = state.sessions.get(id);
    if (session === undefined) return refuse({ code: "session_unknown", session: id });
    const { name } = session;
    const no = denied(state, { moment, permission: `session.run:${name}` });
    if (no !== undefined) return refuse(no);
    const live = state.index.agentsOfSession.count(id);
    if (live > 0) return refuse({ code: "session_has_live_agents", live });
    const never = session.agents.filter((agent) => agent.state === "waiting" || agent.state === "skipped");
    const skipped = never.map((agent) => agent.name);
    return accept({ type: "session.ended", schema: 1, session: id, name, outcome, skipped });
  },
};
