/** Finds the word that a misspelt key of a manifest was probably meant to be. */

/** Longer words are not compared: the table of distances grows with the square of the length. */
const comparedLengthMax = 48;

/**
 * The tail of a message about an unknown word.
 * @returns `; did you mean "x"?`, or the known words when none is near and they are few, or nothing
 */
export function suggestion(word: string, known: readonly string[]): string {
  const near = nearest(word, known);
  if (near !== undefined) return `; did you mean "${near}"?`;
  return known.length > 0 && known.length <= 14 ? `; known: ${known.join(", ")}` : "";
}

function nearest(word: string, known: readonly string[]): string | undefined {
  if (word.length > comparedLengthMax) return undefined;
  let best: string | undefined;
  let bestDistance = Number.POSITIVE_INFINITY;
  for (const candidate of known) {
    const distance = editDistance(simplify(word), simplify(candidate));
    if (distance >= bestDistance) continue;
    best = candidate;
    bestDistance = distance;
  }
  return best !== undefined && bestDistance <= Math.max(1, Math.floor(best.length / 3)) ? best : undefined;
}

// Case and the choice of separator are the commonest slips, so they cost nothing.
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[- ]/gu, "_");
}

function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min((previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1, replaced));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}
