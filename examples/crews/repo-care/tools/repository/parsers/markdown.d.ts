/** A node of the tree; what a type of node has beyond these is not used. */
export interface MarkdownNode {
  readonly type: string;
  readonly value?: string;
  readonly url?: string;
  readonly position?: { readonly start: MarkdownPoint; readonly end: MarkdownPoint };
  readonly children?: readonly MarkdownNode[];
}

/** A place in the text: the offset counts from 0. */
export interface MarkdownPoint {
  readonly offset: number;
}

/** Reads CommonMark with GitHub's additions. */
export function parseMarkdown(text: string): MarkdownNode;

/** Gives the anchor of a heading; the second of one name has `-1` at its end, and so on. */
export class Slugger {
  slug(heading: string): string;
}

/** Gives the anchor of a heading that is the only one of its name. */
export function slug(heading: string): string;
