/**
 * Rows for people on a terminal, and for programs anywhere else.
 */
import { showOnOneLine } from "./plain.ts";

/** Characters of one cell on a terminal. */
const cellWidthMax = 60;

/**
 * Lays rows out: in columns under their heads on a terminal, and as fields between tabs, without heads, anywhere else, so that
 * `cut -f1` finds the ids.
 *
 * @param rows - cells as text from anywhere, one array a row
 * @param how - heads of the columns, and whether a person looks at a terminal
 * @returns lines that are safe to show
 */
export function tableLines(
  rows: readonly (readonly string[])[],
  { heads, terminal }: { readonly heads: readonly string[]; readonly terminal: boolean },
): readonly string[] {
  if (!terminal) return rows.map((row) => row.map((cell) => showOnOneLine(cell)).join("\t"));
  if (rows.length === 0) return [];
  const shown = [heads, ...rows].map((row) => row.map((cell) => showOnOneLine(cell, cellWidthMax)));
  const widths = heads.map((_head, column) => Math.max(...shown.map((row) => [...(row[column] ?? "")].length)));
  return shown.map((row) =>
    row
      .map((cell, column) => `${cell}${" ".repeat(Math.max(0, (widths[column] ?? 0) - [...cell].length))}`)
      .join("  ")
      .trimEnd(),
  );
}

/** A thing with things below it. */
export interface Branch {
  /** Lines of the thing itself, the first one beside the branch. */
  readonly lines: readonly string[];
  readonly below: readonly Branch[];
}

/**
 * Draws a tree.
 *
 * @param roots - what stands at the top
 * @returns lines; the lines of each thing are indented under its branch
 */
export function treeLines(roots: readonly Branch[]): readonly string[] {
  return roots.flatMap((root) => [...root.lines, ...branches(root.below)]);
}

function branches(things: readonly Branch[]): readonly string[] {
  return things.flatMap((thing, index) => {
    const last = index === things.length - 1;
    const [first = "", ...more] = thing.lines;
    const bar = last ? "   " : "│  ";
    const inner = thing.below.length > 0 ? "│  " : "";
    return [
      `${last ? "└─ " : "├─ "}${first}`,
      ...more.map((line) => `${bar}${inner}${line}`),
      ...branches(thing.below).map((line) => `${bar}${line}`),
    ];
  });
}

/**
 * Hangs rows below their parents.
 *
 * @param rows - each with its own id and that of the row above
 * @param linesOf - what is shown of a row
 * @returns the branches of rows without a parent among these
 */
export function growTree<Row extends { readonly id: string; readonly parent: string | null }>(
  rows: readonly Row[],
  linesOf: (row: Row) => readonly string[],
): readonly Branch[] {
  const known = new Set(rows.map((row) => row.id));
  const below = Map.groupBy(rows, (row) => (row.parent !== null && known.has(row.parent) ? row.parent : ""));
  const grow = (id: string): readonly Branch[] =>
    (below.get(id) ?? []).map((row) => ({ lines: linesOf(row), below: grow(row.id) }));
  return grow("");
}
