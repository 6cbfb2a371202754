/** Lines of a text as a judge of dates and a patch see them. */

/** Characters around a place that are looked at: a line may have a megabyte. */
const contextReach = 200;

/**
 * Gives the line around a place, and the heading of the Markdown table that the line belongs to.
 * @returns both in one text; of a long line, only what is near
 */
export function contextOf(text: string, { start, end }: { readonly start: number; readonly end: number }): string {
  const before = text.slice(Math.max(0, start - contextReach), start);
  const behind = text.slice(end, end + contextReach);
  const lineEnd = behind.indexOf("\n");
  const from = before.lastIndexOf("\n") + 1;
  const line = before.slice(from) + text.slice(start, end) + (lineEnd < 0 ? behind : behind.slice(0, lineEnd));
  if (from === 0 || !before.startsWith("|", from)) return line;
  return `${line}\n${tableHeading(text, start - (before.length - from))}`;
}

/** Lines of a table above a row that are looked through for its heading. */
const rowsAboveMax = 200;
const headingCharsMax = 1000;

/** The first line of the table whose row starts at `row`. */
function tableHeading(text: string, row: number): string {
  let start = row;
  for (let looked = 0; looked < rowsAboveMax && start >= 2; looked += 1) {
    const above = start - headingCharsMax;
    const piece = text.slice(Math.max(0, above), start - 1);
    const lineStart = Math.max(0, above) + piece.lastIndexOf("\n") + 1;
    if (text.charAt(lineStart) !== "|") break;
    start = lineStart;
  }
  const heading = text.slice(start, start + headingCharsMax);
  const end = heading.indexOf("\n");
  return end < 0 ? heading : heading.slice(0, end);
}

/**
 * Cuts a text into lines, each with its line feed.
 * @returns the lines; the last has no line feed when the text does not end with one
 */
export function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
}
