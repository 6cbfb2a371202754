/**
 * Which entries tell of changes to somebody's files: so few that whoever asks what was changed need not read the log.
 *
 * The mark stands in the lookup index and may stand on an entry too many (a text may hold these words), never on one too few.
 */

/** Operations that can tell of changes, alone or in a batch. */
export const changeKinds: readonly string[] = ["batch", "effect.request", "effect.settle"];

// As the one encoding of an entry has them: an effect that was settled with a list of changes, and one that undoes others.
const settledWithChanges = '"changes":{';
const asksForUndo = '"kind":"undo"';

/**
 * Whether an entry settles an effect that changed something, asks for an undo, or is a batch.
 *
 * @param entry its kind, and its text; only that of `changeKinds` is looked at
 * @returns true when it may do so
 */
export function tellsOfChanges({ kind, bytes }: { readonly kind: unknown; readonly bytes: unknown }): boolean {
  if (typeof kind !== "string" || typeof bytes !== "string" || !changeKinds.includes(kind)) return false;
  // A batch may settle an undo that found everything in place, which no word in it tells.
  if (kind === "batch") return true;
  return bytes.includes(settledWithChanges) || bytes.includes(asksForUndo);
}
