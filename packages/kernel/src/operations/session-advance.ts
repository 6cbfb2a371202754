/** `session.advance`: goes to the next wave; agents that can no longer run are marked as skipped. */
import { integer, oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import type { SessionId } from "../ids.ts";
import { hopeless } from "../sessions.ts";

/** Advances a session by one wave. */
export interface SessionAdvance {
  readonly type: "session.advance";
  readonly session: SessionId;
  /** The wave that begins: one more than the last. */
  readonly wave: number;
}

/** How it is read and decided. */
export const sessionAdvance: OperationKind<SessionAdvance> = {
  shape: record<SessionAdvance>({
    type: oneOf("session.advance"),
    session: id("session"),
    wave: integer(1, 1_000_000),
  }),
  decide: (state, { session: id, wave }, moment) => {
    const session = state.sessions.get(id);
    if (session === undefined) return refuse({ code: "session_unknown", session: id });
    const no = denied(state, { moment, permission: `session.run:${session.name}` });
    if (no !== undefined) return refuse(no);
    const next = session.wave + 1;
    if (wave !== next) return refuse({ code: "wave_out_of_order", next });
    return accept({ type: "session.advanced", schema: 1, session: id, wave, skipped: hopeless(session) });
  },
};
