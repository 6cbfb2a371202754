/** `tool.update`: replaces what is recorded of a tool; effects already asked for keep what they were asked with. */
import { oneOf, record } from "../codec/shape.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import { toolFields, type ToolFields } from "./tool-register.ts";

/** Updates the tool of that name. */
export interface ToolUpdate extends ToolFields {
  readonly type: "tool.update";
}

/** How it is read and decided. */
export const toolUpdate: OperationKind<ToolUpdate> = {
  shape: record<ToolUpdate>({ type: oneOf("tool.update"), ...toolFields }),
  decide: (state, { name }, moment) => {
    const no = denied(state, { moment, permission: `tool.register:${name}` });
    if (no !== undefined) return refuse(no);
    const tool = state.lookup.tool(name);
    if (tool === undefined) return refuse({ code: "tool_unknown", name });
    return accept({ type: "tool.updated", schema: 1, tool: tool.id, name });
  },
};
