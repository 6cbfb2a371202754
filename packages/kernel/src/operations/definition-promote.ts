/** `definition.promote`: makes a proposed definition the active one of its name; never by who proposed it. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import type { DefinitionId } from "../ids.ts";

/** Promotes a proposal. */
export interface DefinitionPromote {
  readonly type: "definition.promote";
  readonly definition: DefinitionId;
}

/** How it is read and decided. */
export const definitionPromote: OperationKind<DefinitionPromote> = {
  shape: record<DefinitionPromote>({ type: oneOf("definition.promote"), definition: id("definition") }),
  decide: (state, { definition }, moment) => {
    const row = state.definitions.get(definition);
    if (row === undefined) return refuse({ code: "definition_unknown", definition });
    const { name } = row.part;
    const no = denied(state, { moment, permission: `definition.register:${name}` });
    if (no !== undefined) return refuse(no);
    if (row.status !== "proposed") return refuse({ code: "definition_not_proposed", definition });
    if (row.proposer === moment.stamp.principal) return refuse({ code: "proposer_decides", definition });
    const replaced = state.lookup.definition(name)?.id ?? null;
    return accept({ type: "definition.promoted", schema: 1, definition, name, replaced });
  },
};
