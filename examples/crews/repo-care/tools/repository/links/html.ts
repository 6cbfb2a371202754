/** Tags in HTML, as a browser would find them: comments, and what stands in scripts and styles, are none. */

/** A tag and its attributes, which are decoded. */
export interface Tag {
  readonly name: string; // in small letters
  readonly closing: boolean;
  readonly offset: number;
  readonly end: number; // behind the tag
  readonly attributes: ReadonlyMap<string, string>;
}

const opening = /<(?:!--|(\/?)([A-Za-z][A-Za-z0-9-]*))/gu;
const attribute =
  /[\s/]{0,200}([^\s/>="'][^\s/>=]{0,200})(?:\s{0,200}=\s{0,200}(?:"([^"]*)"|'([^']*)'|([^\s>"']{1,4000})))?/uy;
/** Content of these is text, whatever it looks like. */
const opaque: ReadonlySet<string> = new Set(["script", "style", "textarea", "title", "xmp"]);
const attributesMax = 100;

/**
 * Finds the tags of a text in HTML.
 * @returns them in order; an opening that is never closed ends the search
 */
export function* tagsIn(html: string): Generator<Tag> {
  opening.lastIndex = 0;
  for (let at = 0; ;) {
    opening.lastIndex = at;
    const match = opening.exec(html);
    if (match === null) return;
    const [whole, slash, written] = match;
    if (written === undefined) {
      const close = html.indexOf("-->", match.index + 2);
      if (close < 0) return;
      at = close + 3;
      continue;
    }
    const { attributes, end } = attributesIn(html, match.index + whole.length);
    if (html[end] !== ">") {
      at = match.index + whole.length;
      continue;
    }
    const name = written.toLowerCase();
    yield { name, closing: slash === "/", offset: match.index, end: end + 1, attributes };
    at = end + 1;
    if (slash === "/" || !opaque.has(name)) continue;
    const close = new RegExp(`</${name}(?![A-Za-z0-9-])`, "giu");
    close.lastIndex = at;
    const found = close.exec(html);
    if (found === null) return;
    at = found.index;
  }
}

function attributesIn(html: string, from: number): Pick<Tag, "attributes" | "end"> {
  const attributes = new Map<string, string>();
  let end = from;
  for (let count = 0; count < attributesMax; count += 1) {
    attribute.lastIndex = end;
    const match = attribute.exec(html);
    if (match === null) break;
    const [, name = "", double, single, plain] = match;
    const value = double ?? single ?? plain ?? "";
    // A browser takes the first of two with one name.
    if (!attributes.has(name.toLowerCase())) attributes.set(name.toLowerCase(), decoded(value));
    end = attribute.lastIndex;
  }
  while (/[\s/]/u.test(html.charAt(end))) end += 1;
  return { attributes, end };
}

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u{a0}" };

/**
 * Decodes the references to characters in a text: those by number, and the five that HTML shares with XML.
 * @returns the text
 */
export function decoded(value: string): string {
  return value.replaceAll(/&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|([a-z]+));/giu, (whole, hex, digits, name) => {
    if (typeof name === "string") return named[name.toLowerCase()] ?? whole;
    const code = typeof hex === "string" ? Number.parseInt(hex, 16) : Number(digits);
    return code > 0 && code <= 0x10_ff_ff ? String.fromCodePoint(code) : whole;
  });
}
