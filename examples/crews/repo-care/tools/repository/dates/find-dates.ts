/**
 * Dates in a text, by the six patterns of the original Toka: `YYYY-MM-DD`, `MM/DD/YYYY`, `YYYY/MM/DD`, and the first of these
 * behind `Generated on: `, `Created: ` and `Date: `. Source: crates/toka-tools, `DateValidator`, at
 * https://github.com/ScrappyAI/toka. One scan, linear in the text.
 */

/** How a date is written. */
export type DateForm = "YYYY-MM-DD" | "YYYY/MM/DD" | "MM/DD/YYYY";

/** A place in a text that has the form of a date. */
export interface WrittenDate {
  readonly start: number;
  readonly end: number;
  readonly text: string;
  readonly form: DateForm;
  readonly numbers: readonly [number, number, number]; // year, then the two others as they stand
  /** True behind a label that says when something was made. */
  readonly claimed: boolean;
}

const datePattern = /\d{4}([-/])\d{2}\1\d{2}|\d{2}\/\d{2}\/\d{4}/gu;
const claim = /(?:generated on|created|date)["']?[ \t]{0,4}[:=][ \t]{0,4}["']?$/iu;
/** Characters of the longest label. */
const claimReach = 32;
/** Years that a date of this time may have: other groups of digits are numbers of something. */
const yearMin = 1900;
const yearMax = 2199;
/** Values that stand for never and for unknown. */
const sentinels: ReadonlySet<string> = new Set(["9999-12-31", "9999/12/31", "12/31/9999", "0000-00-00"]);

/**
 * Finds everything that has the form of a date and is no part of a longer number, word, path or address.
 * @returns the dates, in the order of places
 */
export function* findDates(text: string): Generator<WrittenDate> {
  const written = new RegExp(datePattern);
  for (let match = written.exec(text); match !== null; match = written.exec(text)) {
    const start = match.index;
    const end = start + match[0].length;
    if (!standsAlone(text, { start, end })) {
      // What stands alone may begin inside what does not.
      written.lastIndex = start + 1;
      continue;
    }
    const form = formOf(match[0]);
    const parts = match[0].split(/[-/]/u).map(Number);
    const [first = 0, second = 0, third = 0] = parts;
    const numbers = form === "MM/DD/YYYY" ? ([third, first, second] as const) : ([first, second, third] as const);
    if (numbers[0] < yearMin || numbers[0] > yearMax || sentinels.has(match[0])) continue;
    const claimed = form === "YYYY-MM-DD" && claim.test(text.slice(Math.max(0, start - claimReach), start));
    yield { start, end, text: match[0], form, numbers, claimed };
  }
}

function formOf(text: string): DateForm {
  if (text.charAt(2) === "/") return "MM/DD/YYYY";
  return text.charAt(4) === "-" ? "YYYY-MM-DD" : "YYYY/MM/DD";
}

/** Tells a date from digits inside a serial number, a version, a UUID, a path or an address. */
function standsAlone(text: string, { start, end }: { readonly start: number; readonly end: number }): boolean {
  const before = text.slice(Math.max(0, start - 2), start);
  const behind = text.slice(end, end + 2);
  if (/[\w/]$|\d[-.]$/u.test(before)) return false;
  return /^T\d/u.test(behind) || !/^(?:\w|[-.]\d|\/)/u.test(behind);
}
