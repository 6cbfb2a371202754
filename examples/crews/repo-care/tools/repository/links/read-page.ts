/**
 * Reads a Markdown page: links, images, references, definitions, links in HTML, and everything that can be led to. What stands
 * in code, comments and front matter is no link. How long it takes is not bounded by the length of the page: see page-reader.ts.
 */
import { allowedAt } from "../findings/allowance.ts";
import { type MarkdownNode, Slugger, parseMarkdown, slug } from "../parsers/markdown.js";
import { type Tag, decoded, tagsIn } from "./html.ts";
import { type Page, type PageLink, partsOfPageMax } from "./page.ts";
import { undefinedReferences } from "./undefined-references.ts";

/** Attributes that lead somewhere, by the tag that they stand in. */
const leading: Readonly<Record<string, readonly string[]>> = {
  a: ["href"],
  area: ["href"],
  audio: ["src"],
  img: ["src", "srcset"],
  source: ["src", "srcset"],
  video: ["src", "poster"],
};

const anchorCharsMax = 2000;

/**
 * Reads one page.
 * @returns its links, in the order they stand there, and its anchors
 * @throws RangeError when it is nested too deep
 */
export function readPage(text: string): Page {
  const reader = new Reader(withoutFrontMatter(text));
  reader.read();
  return reader.page;
}

/** Blanks what YAML stands before a page, so that every offset stays. */
function withoutFrontMatter(text: string): string {
  const match = /^---[ \t]*\r?\n[^]*?\n(?:---|\.\.\.)[ \t]*(?=\r?\n|$)/u.exec(text);
  return match === null
    ? text
    : match[0].replaceAll(/[^\r\n]/gu, (each) => " ".repeat(each.length)) + text.slice(match[0].length);
}

class Reader {
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #slugger = new Slugger();
  readonly #links: PageLink[] = [];
  readonly #anchors = new Set<string>();
  #truncated = false;
  /** The text of a heading in HTML that is open. */
  #heading: string | undefined;

  constructor(text: string) {
    this.#text = text;
    const starts = [0];
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
  }

  get page(): Page {
    // References stand in the tree where their paragraph ends.
    const links = this.#links.toSorted((left, right) => left.line - right.line || left.column - right.column);
    return { links, anchors: [...this.#anchors], truncated: this.#truncated };
  }

  read(): void {
    this.#visit(parseMarkdown(this.#text));
    this.#closeHeading();
  }

  #visit(node: MarkdownNode): void {
    const start = node.position?.start.offset ?? 0;
    const end = node.position?.end.offset ?? start;
    switch (node.type) {
      case "code":
        return;
      case "text":
      case "inlineCode":
        if (this.#heading !== undefined) this.#heading += (node.value ?? "").replaceAll("&", "&amp;");
        return;
      case "html":
        this.#html(start, end);
        return;
      case "link":
      case "image":
      case "definition":
        this.#link(node.url ?? "", { start, end });
        break;
      case "heading":
        this.#anchorsOf(plainText(node));
        break;
    }
    const { children } = node;
    if (children === undefined) return;
    for (const { target, start: from, end: to } of undefinedReferences(this.#text, children))
      this.#link(target, { start: from, end: to, kind: "undefined-reference" });
    for (const child of children) this.#visit(child);
  }

  #link(
    target: string,
    { start, end, kind = "target" }: { readonly start: number; readonly end: number; readonly kind?: PageLink["kind"] },
  ): void {
    if (this.#links.length >= partsOfPageMax) {
      this.#truncated = true;
      return;
    }
    const { line, column } = this.#placeOf(start);
    const allowed = allowedAt(this.#text, { start, end });
    this.#links.push({ target, kind, line, column, ...(allowed === undefined ? {} : { allowed }) });
  }

  #html(start: number, end: number): void {
    const source = this.#text.slice(start, end);
    let copied = 0;
    for (const tag of tagsIn(source)) {
      if (this.#heading !== undefined) this.#heading += source.slice(copied, tag.offset);
      copied = tag.end;
      if (/^h[1-6]$/u.test(tag.name)) {
        this.#closeHeading();
        if (!tag.closing) this.#heading = "";
      }
      if (!tag.closing) this.#attributes(tag, start);
    }
    if (this.#heading !== undefined) this.#heading += source.slice(copied);
  }

  #attributes({ name, attributes, offset, end }: Tag, start: number): void {
    const id = attributes.get("id");
    if (id !== undefined) this.#anchor(id);
    const named = name === "a" ? attributes.get("name") : undefined;
    if (named !== undefined) this.#anchor(named);
    for (const attribute of leading[name] ?? []) {
      const value = attributes.get(attribute);
      if (value === undefined) continue;
      const targets =
        attribute === "srcset" ? value.split(",").map((each) => each.trim().split(/\s/u, 1)[0] ?? "") : [value.trim()];
      // A source set may hold data, with commas in it.
      for (const target of value.includes("data:") && targets.length > 1 ? [] : targets)
        this.#link(target, { start: start + offset, end: start + end });
    }
  }

  #closeHeading(): void {
    if (this.#heading !== undefined) this.#anchorsOf(decoded(this.#heading.replaceAll(/<!--[^]*?-->/gu, "")).trim());
    this.#heading = undefined;
  }

  /** The anchor of a heading; where it ends in braces or in a tag, also those that other readers of Markdown give it. */
  #anchorsOf(heading: string): void {
    this.#anchor(this.#slugger.slug(heading));
    const braces = /^(.*?)\s*\{:?\s*#([^\s{}]+)[^{}]*\}\s*$/u.exec(heading.slice(-500));
    if (braces !== null) this.#anchor(braces[2] ?? "");
    if (/\s$/u.test(heading)) this.#anchor(slug(heading.trimEnd()));
  }

  #anchor(name: string): void {
    // Nobody leads to a longer one.
    if (name.length > anchorCharsMax) return;
    if (this.#anchors.size < partsOfPageMax) this.#anchors.add(name);
    else this.#truncated = true;
  }

  #placeOf(offset: number): { readonly line: number; readonly column: number } {
    let [low, high] = [0, this.#lineStarts.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#lineStarts[low] ?? 0) + 1 };
  }
}

/** The text of a heading as GitHub takes it: without pictures and tags. */
function plainText(node: MarkdownNode): string {
  if (node.type === "text" || node.type === "inlineCode") return node.value ?? "";
  return (node.children ?? []).map(plainText).join("");
}
