/** Tables of the page: a heading row and rows of cells, numbers to the right. */
import { type Markup, markup } from "./markup.ts";
import { type WrittenPath, visiblePath } from "./words.ts";

/** Rows of a table on the page; the JSON beside it has the rest. */
export const rowsMax = 15;

/** A column: `n` for numbers, `graph` for a bar, nothing for text. */
export interface Column {
  readonly title: string;
  readonly look?: "n" | "graph";
}

/**
 * Writes a table that scrolls inside its frame when it is wider than the screen.
 * @returns the table
 */
export function table(columns: readonly Column[], rows: readonly (readonly (Markup | string)[])[]): Markup {
  const classOf = (index: number): Markup => {
    const look = columns[index]?.look;
    return look === undefined ? markup`` : markup` class="${look}"`;
  };
  const head = columns.map((column, index) => markup`<th scope="col"${classOf(index)}>${column.title}</th>`);
  const body = rows.map(
    (row) => markup`<tr>${row.map((cell, index) => markup`<td${classOf(index)}>${cell}</td>`)}</tr>\n`,
  );
  return markup`<div class="wide"><table><thead><tr>${head}</tr></thead><tbody>\n${body}</tbody></table></div>`;
}

/**
 * Writes a section.
 * @returns the section with its heading and one line about what it shows
 */
export function section(
  id: string,
  { title, about, body }: { readonly title: string; readonly about: Markup | string; readonly body: Markup },
): Markup {
  return markup`<section id="${id}"><h2>${title}</h2><p>${about}</p>${body}</section>\n`;
}

/**
 * Writes a file's name.
 * @returns the name as code, every odd character escaped; it may break after a slash
 */
export function fileName(path: WrittenPath): Markup {
  const parts = visiblePath(path).split("/");
  return markup`<code>${parts.map((part, index) => (index === 0 ? markup`${part}` : markup`/<wbr>${part}`))}</code>`;
}
