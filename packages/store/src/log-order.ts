/** What every backend checks the same way: the order of rows, and whether a row passes a filter. */
import { tellsOfChanges } from "./changes-mark.ts";
import { StoreFailure } from "./failure.ts";
import type { LogFilter, LogRow } from "./log.ts";
import type { Traces } from "./traces.ts";

/**
 * The failure of an append whose writer believed in another head.
 *
 * @returns a failure `position_conflict`
 */
export function conflict(expected: number, found: number): StoreFailure {
  return new StoreFailure("position_conflict", {
    message: `Cannot append to the log: found its head at ${found}, wanted ${expected}`,
    retry: "never",
  });
}

/**
 * Checks that rows follow the expected position without a gap.
 *
 * @throws StoreFailure `position_conflict` at the first row that does not
 */
export function checkOrder(expectedPosition: number, rows: readonly LogRow[]): void {
  let wanted = expectedPosition;
  for (const row of rows) {
    wanted += 1;
    if (row.position !== wanted)
      throw new StoreFailure("position_conflict", {
        message: `Cannot append to the log: found a row for position ${row.position}, wanted ${wanted}`,
        retry: "never",
      });
  }
}

/**
 * The failure of an erasure of what is not in the log, or was erased before.
 *
 * @returns a failure `payload_missing`
 */
export function notErasable(commitment: string): StoreFailure {
  return new StoreFailure("payload_missing", {
    message: `Cannot erase payload ${commitment}: it is not in the log, or was erased before`,
    retry: "never",
  });
}

/**
 * The failure of whoever names a payload that was erased.
 *
 * @returns a failure `payload_erased`
 */
export function isErased(commitment: string): StoreFailure {
  return new StoreFailure("payload_erased", {
    message: `Cannot keep payload ${commitment}: it was erased for good; seal its bytes anew where they are still wanted`,
    retry: "never",
  });
}

/**
 * Whether a row passes a filter.
 *
 * @param row of the log
 * @param how the filter, and what finds the traces of entries
 * @returns true when every field that the filter gives holds
 */
export function holds(
  row: LogRow,
  { filter, traces }: { readonly filter: LogFilter; readonly traces: Traces },
): boolean {
  return (filter.changes === undefined || tellsOfChanges(row)) && traces.pass(row, filter);
}
