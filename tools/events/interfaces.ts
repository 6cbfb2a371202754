/** Reads the interfaces of a TypeScript file that is formatted as ours are: their documentation and that of their fields. */

/** A field of an interface. */
export interface ReadField {
  readonly name: string;
  readonly optional: boolean;
  /** As it is written. */
  readonly type: string;
  /** Empty when there is none. */
  readonly doc: string;
}

/** An interface. */
export interface ReadInterface {
  readonly name: string;
  readonly doc: string;
  readonly fields: readonly ReadField[];
}

/**
 * Reads the interfaces of a file.
 *
 * @param text - of the file.
 * @returns them, in their order.
 */
export function interfacesOf(text: string): readonly ReadInterface[] {
  const found: ReadInterface[] = [];
  const pattern = /((?:\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?)export interface (\w+) \{\n([\s\S]*?)\n\}/g;
  for (const [, doc = "", name = "", body = ""] of text.matchAll(pattern))
    found.push({ name, doc: wordsOf(doc), fields: fieldsOf(body) });
  return found;
}

/**
 * The text of a comment.
 *
 * @param comment - with its marks.
 * @returns its words in one line.
 */
export function wordsOf(comment: string): string {
  return comment
    .replaceAll(/^\s*\/\*\*|\*\/\s*$/g, "")
    .replaceAll(/^\s*\* ?/gm, "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

function fieldsOf(body: string): readonly ReadField[] {
  const fields: ReadField[] = [];
  const pattern =
    /((?: {2}\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n)?) {2}readonly (\w+)(\??): ([^;]+(?:\{[\s\S]*?\n {2}\}[^;]*)?);/g;
  for (const [, doc = "", name = "", optional = "", type = ""] of body.matchAll(pattern))
    fields.push({ name, optional: optional === "?", type: type.replaceAll(/\s+/g, " "), doc: wordsOf(doc) });
  return fields;
}
