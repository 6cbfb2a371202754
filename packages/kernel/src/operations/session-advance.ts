/** `session.advance`: goes to the next wave; agents that can no longer run are marked as skipped. */
import type { SessionId } from "../ids.ts";

/** Advances a session by one wave. */
export interface SessionAdvance {
  readonly type: "session.advance";
  readonly session: SessionId;
  /** The wave that begins: one more than the last. */
  readonly wave: number;
}
