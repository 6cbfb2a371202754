/** `tool.inject`: offers a tool to a live agent beside those of its definition. Its grant must still allow the call. */
import type { Permission } from "../authority/permission.ts";
import { oneOf, record } from "../codec/shape.ts";
import { id, name } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Offers a tool to an agent. */
export interface ToolInject {
  readonly type: "tool.inject";
  readonly tool: string;
  readonly agent: AgentId;
}

/** How it is read and decided. */
export const toolInject: OperationKind<ToolInject> = {
  shape: record<ToolInject>({ type: oneOf("tool.inject"), tool: name, agent: id("agent") }),
  decide: (state, { tool: which, agent: id }, moment) => {
    const agent = state.agents.get(id);
    if (agent === undefined) return refuse({ code: "agent_unknown", agent: id });
    // Not even for itself: who is offered a tool does not decide about it.
    const permission: Permission = `agent.control:${agent.name}`;
    if (denied(state, { moment, permission }) !== undefined) {
      return refuse({ code: "agent_not_controlled", agent: id, permission });
    }
    const tool = state.lookup.tool(which);
    if (tool === undefined) return refuse({ code: "tool_unknown", name: which });
    const offered = state.definitions.get(agent.definition)?.part.tools.includes(which) ?? false;
    if (offered || agent.injected.includes(which)) return refuse({ code: "tool_already_offered", name: which });
    const max = fixedLimits.toolsPerAgentMax;
    if (agent.injected.length >= max) return refuse({ code: "limit_reached", limit: "toolsPerAgentMax", max });
    return accept({ type: "tool.injected", schema: 1, tool: tool.id, name: which, agent: id });
  },
};
