/** `agent.resume`: a suspended agent may start things again. */
import type { Permission } from "../authority/permission.ts";
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, controlled, denied, type OperationKind, refuse } from "../decision.ts";
import type { AgentId } from "../ids.ts";

/** Resumes an agent. An agent resumes itself only from a suspension of its own. */
export interface AgentResume {
  readonly type: "agent.resume";
  readonly agent: AgentId;
}

/** How it is read and decided. */
export const agentResume: OperationKind<AgentResume> = {
  shape: record<AgentResume>({ type: oneOf("agent.resume"), agent: id("agent") }),
  decide: (state, { agent }, moment) => {
    const asked = controlled(state, { moment, agent });
    if ("refused" in asked) return asked;
    const { name, principal, state: at, suspendReason } = asked.agent;
    if (at === "running") return refuse({ code: "agent_not_suspended", agent });
    const permission: Permission = `agent.control:${name}`;
    const own = principal === moment.stamp.principal && suspendReason === "self-requested";
    if (!own && denied(state, { moment, permission }) !== undefined) {
      return refuse({ code: "agent_not_controlled", agent, permission });
    }
    return accept({ type: "agent.resumed", schema: 1, agent });
  },
};
