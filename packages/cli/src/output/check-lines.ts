/** Checks of a machine or a vault as lines: what was found, and what to do about what is not as wanted. */
import { showSafely } from "./plain.ts";

/** One check, of whatever was looked at. */
interface Check {
  readonly name: string;
  readonly ok: boolean;
  readonly required: boolean;
  readonly found: string;
  readonly wanted: string;
  readonly fix?: string;
}

/**
 * Writes checks as a person reads them.
 *
 * @param checks - in order
 * @returns a line each, and one below it that says what to do
 */
export function checkLines(checks: readonly Check[]): readonly string[] {
  return checks.flatMap(({ name, ok, required, found, wanted, fix }) => {
    const mark = ok ? "ok  " : required ? "FAIL" : "note";
    const line = `${mark}  ${name}: ${showSafely(found)}${ok ? "" : ` (wanted: ${wanted})`}`;
    return fix === undefined ? [line] : [line, `      ${showSafely(fix)}`];
  });
}
