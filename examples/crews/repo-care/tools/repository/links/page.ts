/** What a Markdown page says of links: where each leads, and what can be led to. */

/** A link, an image, a definition or an attribute, where it stands in the page. */
export interface PageLink {
  /** As written, but for escapes and entities; what an undefined reference wanted, for one of these. */
  readonly target: string;
  readonly kind: "target" | "undefined-reference";
  readonly line: number; // from 1
  readonly column: number; // from 1, in UTF-16 units
  /** What a comment on the line allows: a rule, or "" for all of them. */
  readonly allowed?: string;
}

/** One page. */
export interface Page {
  readonly links: readonly PageLink[];
  /** Anchors of headings, and ids and names in HTML. */
  readonly anchors: readonly string[];
  readonly truncated: boolean; // true when the page holds more links or anchors than are taken
}

/** Links, and anchors, that are taken from one page: the longest lists that people keep have some thousands. */
export const partsOfPageMax: number = 20_000;
