/** `definition.roll-back`: makes the version before the active one active again. */
import { oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";

/** Goes back one version. */
export interface DefinitionRollBack {
  readonly type: "definition.roll-back";
  readonly name: string;
}

/** How it is read and decided. */
export const definitionRollBack: OperationKind<DefinitionRollBack> = {
  shape: record<DefinitionRollBack>({ type: oneOf("definition.roll-back"), name }),
  decide: (state, { name: which }, moment) => {
    const no = denied(state, { moment, permission: `definition.register:${which}` });
    if (no !== undefined) return refuse(no);
    const active = state.lookup.definition(which);
    if (active === undefined) return refuse({ code: "definition_name_unknown", name: which });
    if (active.previous === null) return refuse({ code: "definition_has_no_previous", name: which });
    const { id: from, previous: to } = active;
    return accept({ type: "definition.rolled-back", schema: 1, name: which, from, to });
  },
};
