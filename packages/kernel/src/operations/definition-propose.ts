/** `definition.propose`: anybody known may propose a definition; somebody else decides about it. */
import type { Content } from "../content.ts";
import type { DefinitionPart } from "../definition.ts";

/** Proposes a definition. */
export interface DefinitionPropose {
  readonly type: "definition.propose";
  readonly part: DefinitionPart;
  readonly source: Content;
}
