/** `definition.propose`: anybody known may propose a definition; somebody else decides about it. */
import { oneOf, record } from "../codec/shape.ts";
import { content } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, full, type OperationKind, refuse } from "../decision.ts";
import { definitionPart } from "../definition-shape.ts";
import type { DefinitionPart } from "../definition.ts";
import { fixedLimits } from "../limits.ts";

/** Proposes a definition. */
export interface DefinitionPropose {
  readonly type: "definition.propose";
  readonly part: DefinitionPart;
  readonly source: Content;
}

/** How it is read and decided. */
export const definitionPropose: OperationKind<DefinitionPropose> = {
  shape: record<DefinitionPropose>({ type: oneOf("definition.propose"), part: definitionPart, source: content }),
  decide: (state, { part }, moment) => {
    const max = fixedLimits.proposalsPerPrincipalMax;
    if (state.index.proposalsOf.count(moment.stamp.principal) >= max) {
      return refuse({ code: "limit_reached", limit: "proposalsPerPrincipalMax", max });
    }
    const over = full("definitionsMax", { state, count: state.definitions.size });
    if (over !== undefined) return refuse(over);
    const definition = moment.fresh("definition");
    return accept({ type: "definition.proposed", schema: 1, definition, name: part.name });
  },
};
