/**
 * `agent.terminate`: ends an agent, the agents it spawned, their grants and all below, their budgets and open tasks.
 * Effects in flight stay until settled.
 */
import type { AgentId } from "../ids.ts";

/** Ends an agent. */
export interface AgentTerminate {
  readonly type: "agent.terminate";
  readonly agent: AgentId;
  readonly reason: TerminateReason;
  /** -128..127 */
  readonly exitCode: number;
}

/** Why an agent ended. Only `completed` ends it well in its session. */
export type TerminateReason = "completed" | "killed" | "crashed" | "resource-limit" | "timeout" | "other";
