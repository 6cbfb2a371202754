/** The pieces of Markdown that a report is made of: tables, code spans, escaped text and bars of blocks. */
import { visible } from "./words.ts";

/** Characters of the longest bar. */
const barLength = 20;

/**
 * Writes a table. A `|` inside a cell would end it and is escaped.
 * @returns the table, or nothing when it has no rows
 */
export function table(
  columns: readonly string[],
  { rows, right }: { readonly rows: readonly (readonly string[])[]; readonly right: readonly number[] },
): string {
  if (rows.length === 0) return "";
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const rule = columns.map((_, index) => (right.includes(index) ? "---:" : "---"));
  return [line(columns), line(rule), ...rows.map(line)].join("\n");
}

/**
 * Writes a code span around one line of visible text, in which backslashes are doubled. In it nothing is Markdown; its
 * fence is longer than any run of backticks inside.
 * @returns the span
 */
export function code(text: string): string {
  const longest = Math.max(0, ...(text.match(/`+/gu) ?? []).map((run) => run.length));
  const fence = "`".repeat(longest + 1);
  const padded = text === "" || /^`|`$|^ .* $/u.test(text) ? ` ${text} ` : text;
  return fence + padded + fence;
}

/**
 * Writes text that is no name.
 * @returns the text with every mark of Markdown escaped, but for `|`, which tables escape
 */
export function plain(text: string): string {
  return visible(text).replaceAll(/[`*_{}[\]<>()#+!~&]/gu, "\\$&");
}

/**
 * Draws a share of the largest value.
 * @returns up to 20 blocks; the smallest one for what is not nothing
 */
export function bar(value: number, most: number): string {
  const eighths = most === 0 ? 0 : Math.round((value / most) * barLength * 8);
  if (eighths === 0) return value > 0 ? "▏" : "";
  return "█".repeat(Math.floor(eighths / 8)) + (["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8] ?? "");
}
