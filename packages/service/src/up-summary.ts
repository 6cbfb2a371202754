/**
 * What a session came to, as `toka up --json` prints it.
 */
import type { AgentSummary, OwedEffect } from "@toka/agent";

/** The summary of a session that is over. */
export interface UpSummary {
  /** Every objective is met, no agent failed, and the log verifies. */
  readonly ok: boolean;
  /** Entries in the log. */
  readonly entries: number;
  readonly verify: { readonly ok: boolean; readonly firstBad?: { readonly position: number; readonly reason: string } };
  /** The session's id. */
  readonly session: string;
  /** Effects whose outcome nobody knows. */
  readonly owed: readonly OwedEffect[];
  /** Absolute paths. */
  readonly deliverables: readonly string[];
  /** In the order of their waves. */
  readonly agents: readonly AgentSummary[];
}
