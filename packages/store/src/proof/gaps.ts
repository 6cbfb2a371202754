/** What stands in for entries that a file leaves out: the perfect subtrees of the tree that cover them, in order. */

/** A perfect subtree: 2 to the power of `level` leaves, the `index`th of its level. */
export interface Subtree {
  readonly level: number;
  readonly index: number;
}

/**
 * The largest perfect subtrees that cover some leaves and no other.
 *
 * @param begin first leaf, from 0
 * @param end behind the last
 * @returns the subtrees in order; at most 106 for any range below 2 to the power of 53
 */
export function subtreesOver(begin: number, end: number): readonly Subtree[] {
  const found: Subtree[] = [];
  for (let at = begin; at < end;) {
    let [level, width] = [0, 1];
    while (at % (width * 2) === 0 && at + width * 2 <= end) [level, width] = [level + 1, width * 2];
    found.push({ level, index: at / width });
    at += width;
  }
  return found;
}
