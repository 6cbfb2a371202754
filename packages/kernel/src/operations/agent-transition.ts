/** `agent.transition`: moves an agent along a declared transition of its lifecycle, if the transition's condition holds. */
import type { Input } from "../content.ts";
import type { AgentId } from "../ids.ts";

/** Moves an agent to another declared state. */
export interface AgentTransition {
  readonly type: "agent.transition";
  readonly agent: AgentId;
  readonly to: string;
  /** Attested values for the condition. */
  readonly inputs: readonly Input[];
}
