/** `session.end`: a session is over; no agent of it lives. */
import type { SessionId } from "../ids.ts";

/** Ends a session. */
export interface SessionEnd {
  readonly type: "session.end";
  readonly session: SessionId;
  readonly outcome: "completed" | "failed" | "cancelled";
}
