/** Finds the word that a misspelt word was probably meant to be. */

/** Longer words are not compared: the table of distances grows with the square of the length. */
const comparedLengthMax = 64;

/**
 * The tail of a message that offers the nearest known word.
 * @returns `; did you mean "x"?`, or the list of words when none is near and there are few, or nothing
 */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length > 0 && known.length <= 12 ? `; known: ${known.join(", ")}` : "";
}

// Counts the edits (insert, drop, replace, swap of neighbours) between words; near is within a third of the known word's length.
function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > comparedLengthMax) return undefined;
  const plain = simplify(word);
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    if (candidate.length > comparedLengthMax) continue;
    const distance = editDistance(plain, simplify(candidate));
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

// Case and the choice of separator are the commonest slips, so they cost nothing.
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[_ ]/gu, "-");
}

function editDistance(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let distance = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped =
        row > 1 && column > 1 && left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      if (swapped) distance = Math.min(distance, (beforePrevious[column - 2] ?? 0) + 1);
      current.push(distance);
    }
    beforePrevious = previous;
    previous = current;
  }
  return previous[right.length] ?? 0;
}
