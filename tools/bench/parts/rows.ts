/**
 * What a benchmark hands on beside what it prints: rows of samples that `./toka bench --against` and `--save` collect.
 *
 * A sample is a figure divided by its floor, taken in the same minute: that is what can be compared from one day and one
 * machine to another. Where there is no floor, as for memory, it is the figure itself.
 */
import { appendFileSync } from "node:fs";

/** The variable that names the file which rows are appended to, one line of JSON for each run of a benchmark. */
export const rowsVariable = "TOKA_BENCH_ROWS";

/** One figure of one run. */
export interface Row {
  /** What is measured, with the words that the benchmark prints. */
  readonly name: string;
  /** Whether more of it or less of it is better. */
  readonly better: "more" | "less";
  /** One for each round, each above zero. */
  readonly samples: readonly number[];
}

/**
 * Hands rows on to whoever collects them; does nothing when nobody does. Called once, when all was measured.
 *
 * @param rows all of the benchmark's
 */
export function handOn(rows: readonly Row[]): void {
  const path = process.env[rowsVariable];
  if (path !== undefined) appendFileSync(path, `${JSON.stringify(rows)}\n`);
}

/**
 * The middle of a list.
 *
 * @returns the median, the upper one of two; 0 for an empty list
 */
export function median(list: readonly number[]): number {
  return list.toSorted((left, right) => left - right)[Math.floor(list.length / 2)] ?? 0;
}
