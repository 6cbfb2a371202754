/** `definition.register`: makes a definition active under its name at once. */
import type { Content } from "../content.ts";
import type { DefinitionPart } from "../definition.ts";

/** Registers a definition and makes it the active one of its name. */
export interface DefinitionRegister {
  readonly type: "definition.register";
  readonly part: DefinitionPart;
  /** The source it was compiled from. */
  readonly source: Content;
}
