/** Where a grant stands in the tree. */
import type { GrantId } from "../ids.ts";
import type { KernelState } from "../state/state.ts";

/**
 * Tells whether a grant is another, or stands anywhere below it.
 *
 * @param state in which both live
 * @param options the grant, and the one that may stand above it; null stands above none
 * @returns true when it is the same or a descendant
 */
export function standsBelow(
  state: KernelState,
  { grant, above }: { readonly grant: GrantId; readonly above: GrantId | null },
): boolean {
  for (let id: GrantId | null = grant; id !== null; id = state.grants.get(id)?.parent ?? null) {
    if (id === above) return true;
  }
  return false;
}
