/**
 * What a gate counts: checks and tests that passed, failed or were skipped, and how they are told.
 *
 * The last line has a fixed form, `N passed, N failed`, because programs read it.
 */

/** Counts of one part of the gate. A skip without a reason is counted as a failure before it gets here. */
export interface Tally {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** A named part of the gate with its counts and its duration in milliseconds. */
export interface Part extends Tally {
  readonly name: string;
  readonly durationMs: number;
}

/**
 * Adds up the parts.
 *
 * @param parts - any number of counts, none included.
 * @returns their sum; zeros for none.
 */
export function sum(parts: readonly Tally[]): Tally {
  return parts.reduce<Tally>(
    (total, part) => ({
      passed: total.passed + part.passed,
      failed: total.failed + part.failed,
      skipped: total.skipped + part.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
}

/**
 * The line a gate ends with.
 *
 * @param tally - the counts of the whole gate.
 * @returns `N passed, N failed`, followed by `, N skipped` when something was skipped.
 */
export function lastLine(tally: Tally): string {
  const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
  return `${tally.passed} passed, ${tally.failed} failed${skipped}`;
}

/**
 * A table of the parts, one a line: name, minutes, counts.
 *
 * @param parts - the parts in the order to show.
 * @returns lines without a final newline.
 */
export function table(parts: readonly Part[]): string {
  const width = Math.max(...parts.map((part) => part.name.length), 4);
  return parts
    .map((part) => {
      const minutes = (part.durationMs / 60_000).toFixed(2).padStart(6);
      return `${part.name.padEnd(width)} ${minutes} min  ${lastLine(part)}`;
    })
    .join("\n");
}
