/** References that lead nowhere because nothing defines them: to a parser of Markdown they are ordinary text. */
import type { MarkdownNode } from "../parsers/markdown.js";

/** What stands in the place of everything that is no text. */
const placeholder = "\u{fffc}";
/** Two pairs of brackets, behind nothing that makes them an index, a call or an escaped bracket. */
const reference = /(?<![\\\w\])}"'`$\u{fffc}])\[((?:[^[\]\\]|\\.)+)\]\[((?:[^[\]\\]|\\.)*)\]/gsu;
const labelCharsMax = 200;

/** A reference whose label nothing defines; offsets are those of the page. */
export interface UndefinedReference {
  readonly target: string;
  readonly start: number;
  readonly end: number;
}

/**
 * Finds `[text][label]` and `[label][]` among the parts of one paragraph. `[label]` alone is how people write brackets.
 * @returns them in order; none for numbers, single characters, footnotes and tasks
 */
export function* undefinedReferences(page: string, children: readonly MarkdownNode[]): Generator<UndefinedReference> {
  if (!children.some((child) => child.type === "text" && child.value?.includes("]") === true)) return;
  let text = "";
  const pieces: { readonly at: number; readonly offset: number }[] = [];
  for (const { type, position } of children) {
    const offset = position?.start.offset ?? 0;
    pieces.push({ at: text.length, offset });
    text += type === "text" ? page.slice(offset, position?.end.offset ?? offset) : placeholder;
  }
  let piece = 0;
  for (const match of text.matchAll(reference)) {
    const [whole, first = "", second = ""] = match;
    const label = (second === "" ? first : second).trim();
    if (label.length < 2 || label.length > labelCharsMax || /^[\d\s.,:-]+$|^\^|\u{fffc}/u.test(label)) continue;
    while ((pieces[piece + 1]?.at ?? Infinity) <= match.index) piece += 1;
    const { at, offset } = pieces[piece] ?? { at: 0, offset: 0 };
    const start = offset + match.index - at;
    yield { target: label.replaceAll(/\s+/gu, " "), start, end: start + whole.length };
  }
}
