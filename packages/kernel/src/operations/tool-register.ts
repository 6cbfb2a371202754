/** `tool.register`: makes a tool known, with its side-effect class and the most that it may claim. */
import type { Permission } from "../authority/permission.ts";
import { type Fields, integer, oneOf, record } from "../codec/shape.ts";
import { content, digest, name, permissions, shortText, sideEffect } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, denied, full, type OperationKind, refuse } from "../decision.ts";
import type { Digest } from "../ids.ts";
import { limitCeilings } from "../limits.ts";
import type { SideEffect } from "../state/entities.ts";

/** Registers a tool under a name that no other has. */
export interface ToolRegister extends ToolFields {
  readonly type: "tool.register";
}

/** What stands of a tool in the log. */
export interface ToolFields {
  readonly name: string;
  readonly version: string;
  readonly sideEffect: SideEffect;
  readonly manifest: Content;
  /** Digest of the program it runs. */
  readonly program: Digest;
  /** The most that a call may claim. */
  readonly permissions: readonly Permission[];
  /** The longest timeout that a call may ask for. */
  readonly timeoutMsMax: number;
}

/** The shapes of a tool's fields. */
export const toolFields: Fields<ToolFields> = {
  name,
  version: shortText,
  sideEffect,
  manifest: content,
  program: digest,
  permissions,
  timeoutMsMax: integer(1, limitCeilings.effectTimeoutMsMax),
};

/** How it is read and decided. */
export const toolRegister: OperationKind<ToolRegister> = {
  shape: record<ToolRegister>({ type: oneOf("tool.register"), ...toolFields }),
  decide: (state, operation, moment) => {
    const { name: which } = operation;
    const no = denied(state, { moment, permission: `tool.register:${which}` });
    if (no !== undefined) return refuse(no);
    if (state.lookup.tool(which) !== undefined) return refuse({ code: "tool_exists", name: which });
    const over = full("toolsMax", { state, count: state.tools.size });
    if (over !== undefined) return refuse(over);
    return accept({ type: "tool.registered", schema: 1, tool: moment.fresh("tool"), name: which });
  },
};
