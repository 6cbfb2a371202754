/** From offsets in a file's text to lines and columns, as editors count them. */
import { toBytes } from "../byte-path.ts";

/** Where something stands: the line, and the characters before it in that line, both counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/**
 * Finds the lines and columns of offsets in a byte text. Offsets must not fall from one call to the next: each stretch of
 * the text is counted once, however long its lines are.
 * @returns a function from an offset to its place
 */
export function placesIn(text: string): (offset: number) => Place {
  let line = 1;
  let counted = 0; // up to here, in this line, characters are counted
  let characters = 0;
  return (offset) => {
    for (let end = text.indexOf("\n", counted); end >= 0 && end < offset; end = text.indexOf("\n", counted)) {
      line += 1;
      counted = end + 1;
      characters = 0;
    }
    characters += charactersOf(text.slice(counted, offset));
    counted = offset;
    return { line, column: characters + 1 };
  };
}

/** UTF-16 code units, which is what editors count; a byte that is no UTF-8 is one. */
function charactersOf(byteText: string): number {
  return /^[\0-\x7f]*$/u.test(byteText) ? byteText.length : toBytes(byteText).toString("utf8").length;
}
