/** `tool.update`: replaces what is recorded of a tool; effects already asked for keep what they were asked with. */
import type { ToolFields } from "./tool-register.ts";

/** Updates the tool of that name. */
export interface ToolUpdate extends ToolFields {
  readonly type: "tool.update";
}
