/** `tool.inject`: offers a tool to a live agent beside those of its definition. Its grant must still allow the call. */
import type { AgentId } from "../ids.ts";

/** Offers a tool to an agent. */
export interface ToolInject {
  readonly type: "tool.inject";
  readonly tool: string;
  readonly agent: AgentId;
}
