/** From ordinary text to byte texts, for the paths that a call gives. */

/**
 * Makes a byte text of an ordinary one.
 * @returns the UTF-8 bytes of `text`, one character each
 */
export function toByteText(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}
