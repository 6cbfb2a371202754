/** HTML that cannot be broken out of: every value put into a template is escaped unless it was made by a template. */

/** A piece of HTML that this program wrote. */
export class Markup {
  readonly html: string;
  constructor(html: string) {
    this.html = html;
  }
}

/** What may stand in a template. */
export type Hole = string | number | Markup | readonly Markup[];

/**
 * Writes HTML; used as a template tag.
 * @returns the text with every hole escaped, but for other pieces of markup
 */
export function markup(strings: TemplateStringsArray, ...holes: readonly Hole[]): Markup {
  let text = strings[0] ?? "";
  holes.forEach((hole, index) => {
    text += filled(hole) + (strings[index + 1] ?? "");
  });
  return new Markup(text);
}

/** Nothing at all. */
export const nothing: Markup = new Markup("");

function filled(hole: Hole): string {
  if (hole instanceof Markup) return hole.html;
  if (typeof hole === "number" || typeof hole === "string") return escaped(String(hole));
  return hole.map((piece) => piece.html).join("");
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}
