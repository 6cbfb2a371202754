/**
 * Text from guests, made safe to show.
 *
 * A file name or an output of a guest may carry terminal escapes that move the cursor, rename the window or answer for the
 * user. Payloads keep the bytes as they are; only what is shown is changed here.
 */

/** C0 but tab and line feed, DEL, C1, the bidirectional overrides and isolates, and the line separators. */
// oxlint-disable-next-line no-control-regex -- control characters are exactly what is looked for
const unsafe = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/gu;

/**
 * Makes text from anywhere safe to print on a terminal.
 *
 * @param text - anything, such as a guest's output
 * @returns the text with every control character but tab and line feed written out, such as `\x1b`
 */
export function showSafely(text: string): string {
  return text.replace(unsafe, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/**
 * Writes a value as JSON that is safe to print on a terminal and reads back as it was.
 *
 * @param value - anything that JSON can hold
 * @returns one line
 */
export function showAsJson(value: unknown): string {
  // JSON itself escapes what is below the space; the rest stands in strings only, where an escape means the same.
  return JSON.stringify(value).replace(
    unsafe,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Makes text safe to print and keeps it on one line.
 *
 * @param text - anything, such as a file name
 * @param widthMax - characters; longer text ends in an ellipsis
 * @returns one line
 */
export function showOnOneLine(text: string, widthMax: number = Number.POSITIVE_INFINITY): string {
  const line = showSafely(text).replaceAll("\n", "\\n").replaceAll("\t", " ");
  const characters = [...line];
  return characters.length <= widthMax ? line : `${characters.slice(0, Math.max(0, widthMax - 1)).join("")}…`;
}
