/** `session.start`: begins an orchestration of several agents from a plan. */
import type { Content } from "../content.ts";
import type { FailurePolicy } from "../state/entities.ts";

/** Starts a session. */
export interface SessionStart {
  readonly type: "session.start";
  readonly name: string;
  readonly plan: SessionPlan;
  /** The crew folder that it was read from. */
  readonly crew: Content;
  /** The folder that the agents look at. */
  readonly workspace: string;
  /** The folder that the deliverables go to. */
  readonly output: string;
}

/** Which agents a session has, and how they go on together. */
export interface SessionPlan {
  readonly agents: readonly { readonly name: string; readonly dependsOn: readonly string[] }[];
  /** Agents live at once. */
  readonly concurrencyMax: number;
  readonly onFailure: FailurePolicy;
  /** How often each agent may be spawned again after it failed. */
  readonly restartsMax: number;
}
