/** What counts as text: what can be compared line by line and written back byte for byte. */

/**
 * Tells text from other bytes, as git does, but for bytes that are not UTF-8, which could not be shown.
 *
 * @returns true for UTF-8 without NUL
 */
export function isText(bytes: Uint8Array): boolean {
  return readText(bytes) !== undefined;
}

/**
 * Reads bytes as text.
 *
 * @returns the text, a byte order mark included; undefined when the bytes are none
 */
export function readText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * Splits a text into lines.
 *
 * @returns each line with its line feed; the last may lack one; nothing for an empty text
 */
export function linesOf(text: string): readonly string[] {
  return text.match(/[^\n]*\n|[^\n]+$/gu) ?? [];
}
