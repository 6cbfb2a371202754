/** `tool.unregister`: a tool can be called no more; effects already asked for go on. */

/** Removes the tool of that name. */
export interface ToolUnregister {
  readonly type: "tool.unregister";
  readonly name: string;
}
