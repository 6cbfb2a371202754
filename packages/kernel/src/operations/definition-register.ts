/** `definition.register`: makes a definition active under its name at once. */
import { oneOf, record } from "../codec/shape.ts";
import { content } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, denied, full, type OperationKind, refuse } from "../decision.ts";
import { definitionPart } from "../definition-shape.ts";
import type { DefinitionPart } from "../definition.ts";

/** Registers a definition and makes it the active one of its name. */
export interface DefinitionRegister {
  readonly type: "definition.register";
  readonly part: DefinitionPart;
  /** The source it was compiled from. */
  readonly source: Content;
}

/** How it is read and decided. */
export const definitionRegister: OperationKind<DefinitionRegister> = {
  shape: record<DefinitionRegister>({ type: oneOf("definition.register"), part: definitionPart, source: content }),
  decide: (state, { part }, moment) => {
    const no = denied(state, { moment, permission: `definition.register:${part.name}` });
    if (no !== undefined) return refuse(no);
    const over = full("definitionsMax", { state, count: state.definitions.size });
    if (over !== undefined) return refuse(over);
    return accept({
      type: "definition.registered",
      schema: 1,
      definition: moment.fresh("definition"),
      name: part.name,
      replaced: state.lookup.definition(part.name)?.id ?? null,
    });
  },
};
