/** `agent.suspend`: an agent starts nothing until it is resumed; what is under way goes on. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, controlled, type OperationKind, refuse } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import type { SuspendReason } from "../state/entities.ts";

/** Suspends an agent. */
export interface AgentSuspend {
  readonly type: "agent.suspend";
  readonly agent: AgentId;
  readonly reason: SuspendReason;
}

/** How it is read and decided. */
export const agentSuspend: OperationKind<AgentSuspend> = {
  shape: record<AgentSuspend>({
    type: oneOf("agent.suspend"),
    agent: id("agent"),
    reason: oneOf("resource-management", "administrative", "maintenance", "self-requested", "other"),
  }),
  decide: (state, { agent, reason }, moment) => {
    const asked = controlled(state, { moment, agent });
    if ("refused" in asked) return asked;
    if (asked.agent.state === "suspended") return refuse({ code: "agent_suspended", agent });
    return accept({ type: "agent.suspended", schema: 1, agent, reason });
  },
};
