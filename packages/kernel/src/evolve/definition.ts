/** What events of definitions do to the state. */
import type { DefinitionEvent } from "../events/definition.ts";
import type { DefinitionId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of definitions. */
export function evolveDefinition(state: LiveState, event: DefinitionEvent, cause: Cause): void {
  const { definitions } = state.table;
  const proposer = cause.stamp.principal;
  switch (event.type) {
    case "definition.registered": {
      const { part, source } = askedFor(cause, "definition.register");
      supersede(state, event.replaced);
      const { definition: id, replaced: previous } = event;
      definitions.put({ id, part, source, status: "active", proposer, previous, retired: false });
      return forgetOldVersions(state, id);
    }
    case "definition.proposed": {
      const { part, source } = askedFor(cause, "definition.propose");
      const { definition: id } = event;
      definitions.put({ id, part, source, status: "proposed", proposer, previous: null, retired: false });
      return;
    }
    case "definition.promoted": {
      supersede(state, event.replaced);
      const proposed = rowOf(state.definitions, event.definition);
      definitions.put({ ...proposed, status: "active", previous: event.replaced });
      return forgetOldVersions(state, event.definition);
    }
    case "definition.rejected":
      return definitions.drop(event.definition);
    case "definition.rolled-back": {
      retire(state, event.from);
      const earlier = rowOf(state.definitions, event.to);
      return definitions.put({ ...earlier, status: "active" });
    }
  }
}

/** Drops a retired definition when no agent is of it any more. */
export function dropIfUnused(state: LiveState, definition: DefinitionId): void {
  const row = state.definitions.get(definition);
  if (row === undefined || !row.retired) return;
  if (state.index.agentsOfDefinition.count(definition) === 0) state.table.definitions.drop(definition);
}

function supersede(state: LiveState, definition: DefinitionId | null): void {
  if (definition === null) return;
  state.table.definitions.put({ ...rowOf(state.definitions, definition), status: "superseded" });
}

function retire(state: LiveState, definition: DefinitionId): void {
  const row = rowOf(state.definitions, definition);
  state.table.definitions.put({ ...row, status: "superseded", previous: null, retired: true });
  dropIfUnused(state, definition);
}

// Walks back from the active version and cuts the chain where nobody may roll back to any more.
function forgetOldVersions(state: LiveState, active: DefinitionId): void {
  let row = rowOf(state.definitions, active);
  for (let kept = 1; kept < fixedLimits.definitionVersionsKept; kept += 1) {
    if (row.previous === null) return;
    row = rowOf(state.definitions, row.previous);
  }
  const { previous } = row;
  if (previous === null) return;
  state.table.definitions.put({ ...row, previous: null });
  retire(state, previous);
}
