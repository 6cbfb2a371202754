/** `tool.register`: makes a tool known, with its side-effect class and the most that it may claim. */
import type { Permission } from "../authority/permission.ts";
import type { Content } from "../content.ts";
import type { Digest } from "../ids.ts";
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
