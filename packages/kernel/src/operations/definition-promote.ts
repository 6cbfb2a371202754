/** `definition.promote`: makes a proposed definition the active one of its name; never by who proposed it. */
import type { DefinitionId } from "../ids.ts";

/** Promotes a proposal. */
export interface DefinitionPromote {
  readonly type: "definition.promote";
  readonly definition: DefinitionId;
}
