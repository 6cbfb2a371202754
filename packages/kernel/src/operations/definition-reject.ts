/** `definition.reject`: drops a proposed definition; never by who proposed it. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import type { DefinitionId } from "../ids.ts";

/** Rejects a proposal. */
export interface DefinitionReject {
  readonly type: "definition.reject";
  readonly definition: DefinitionId;
}

/** How it is read and decided. */
export const definitionReject: OperationKind<DefinitionReject> = {
  shape: record<DefinitionReject>({ type: oneOf("definition.reject"), definition: id("definition") }),
  decide: (state, { definition }, moment) => {
    const row = state.definitions.get(definition);
    if (row === undefined) return refuse({ code: "definition_unknown", definition });
    const { name } = row.part;
    const no = denied(state, { moment, permission: `definition.register:${name}` });
    if (no !== undefined) return refuse(no);
    if (row.status !== "proposed") return refuse({ code: "definition_not_proposed", definition });
    if (row.proposer === moment.stamp.principal) return refuse({ code: "proposer_decides", definition });
    return accept({ type: "definition.rejected", schema: 1, definition, name });
  },
};
