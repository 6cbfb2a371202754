/** `agent.suspend`: an agent starts nothing until it is resumed; what is under way goes on. */
import type { AgentId } from "../ids.ts";
import type { SuspendReason } from "../state/entities.ts";

/** Suspends an agent. */
export interface AgentSuspend {
  readonly type: "agent.suspend";
  readonly agent: AgentId;
  readonly reason: SuspendReason;
}
