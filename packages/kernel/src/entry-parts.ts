/** An entry taken apart: each operation of a batch with the events that came of it. */
import type { Entry } from "./entry.ts";
import type { KernelEvent } from "./event.ts";
import type { PlainOperation } from "./operation.ts";

/** One operation with the events that came of it. */
export interface EntryPart {
  readonly operation: PlainOperation;
  /** None when the entry is a refusal. */
  readonly events: readonly KernelEvent[];
}

/**
 * Takes an entry apart.
 *
 * @returns its one operation, or those of its batch, in order
 */
export function partsOf({ operation, outcome }: Entry): readonly EntryPart[] {
  const events = "events" in outcome ? outcome.events : [];
  if (operation.type !== "batch") return [{ operation, events }];
  const counts = "counts" in outcome ? (outcome.counts ?? []) : [];
  let from = 0;
  return operation.operations.map((one, index) => {
    const part = { operation: one, events: events.slice(from, from + (counts[index] ?? 0)) };
    from += counts[index] ?? 0;
    return part;
  });
}
