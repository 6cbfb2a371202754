/** What events of families do to the state. */
import type { FamilyEvent, FamilyHappened } from "../events/family.ts";
import { growthOf } from "../families.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of families. */
export function evolveFamily(state: LiveState, event: FamilyEvent, cause: Cause): void {
  if (event.type === "family.happened") return happened(state, event);
  const { bundle, program, engine } = askedFor(cause, "family.enable");
  const before = state.families.get(event.family);
  const { rows = 0, chars = 0 } = before ?? {};
  state.table.families.put({ id: event.family, version: event.version, bundle, program, engine, rows, chars });
}

// A family's events reach its own rows and nothing else.
function happened(state: LiveState, { family, writes }: FamilyHappened): void {
  const row = rowOf(state.families, family);
  let { rows, chars } = row;
  for (const write of writes) {
    const id = `${family}/${write.key}`;
    const before = state.familyRows.get(id);
    const growth = growthOf(write, before?.value);
    rows += growth.rows;
    chars += growth.chars;
    if (write.value === null) state.table.familyRows.drop(id);
    else state.table.familyRows.replace(before, { id, value: write.value });
  }
  if (rows !== row.rows || chars !== row.chars) state.table.families.replace(row, { ...row, rows, chars });
}
