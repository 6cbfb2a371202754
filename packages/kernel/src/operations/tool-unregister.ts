/** `tool.unregister`: a tool can be called no more; effects already asked for go on. */
import { oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";

/** Removes the tool of that name. */
export interface ToolUnregister {
  readonly type: "tool.unregister";
  readonly name: string;
}

/** How it is read and decided. */
export const toolUnregister: OperationKind<ToolUnregister> = {
  shape: record<ToolUnregister>({ type: oneOf("tool.unregister"), name }),
  decide: (state, { name: which }, moment) => {
    const no = denied(state, { moment, permission: `tool.register:${which}` });
    if (no !== undefined) return refuse(no);
    const tool = state.lookup.tool(which);
    if (tool === undefined) return refuse({ code: "tool_unknown", name: which });
    return accept({ type: "tool.unregistered", schema: 1, tool: tool.id, name: which });
  },
};
