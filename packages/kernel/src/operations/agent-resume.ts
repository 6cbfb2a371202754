/** `agent.resume`: a suspended agent may start things again. */
import type { AgentId } from "../ids.ts";

/** Resumes an agent. An agent resumes itself only from a suspension of its own. */
export interface AgentResume {
  readonly type: "agent.resume";
  readonly agent: AgentId;
}
