/** Events of sessions, and faults. What an event leaves out stands in the operation of the same entry. */
import type { SessionId } from "../ids.ts";
import type { EndOutcome, FaultCategory, FaultSeverity } from "../reasons.ts";

/** A session began. */
export interface SessionStarted {
  readonly type: "session.started";
  readonly schema: 1;
  readonly session: SessionId;
  readonly name: string;
}

/** A wave began, and these agents can no longer run. */
export interface SessionAdvanced {
  readonly type: "session.advanced";
  readonly schema: 1;
  readonly session: SessionId;
  readonly wave: number;
  readonly skipped: readonly string[];
}

/** A session is over; these agents never ran. */
export interface SessionEnded {
  readonly type: "session.ended";
  readonly schema: 1;
  readonly session: SessionId;
  readonly name: string;
  readonly outcome: EndOutcome;
  readonly skipped: readonly string[];
}

/** A fault is on record. */
export interface FaultRecorded {
  readonly type: "fault.recorded";
  readonly schema: 1;
  readonly category: FaultCategory;
  readonly code: number;
  readonly severity: FaultSeverity;
  readonly count: number;
}

/** The events of this area. */
export type SessionEvent = SessionStarted | SessionAdvanced | SessionEnded | FaultRecorded;
