/**
 * Paths as the file system has them: bytes. Inside the tool a path is a "byte text", one character (0 to 255) a byte,
 * which compares, joins and splits like text and loses nothing. Only what is written out is decoded.
 */

/** A path as it is written out: `pathBytes` (base64) stands beside it when the text alone would not name the file. */
export interface ShownPath {
  readonly path: string;
  readonly pathBytes?: string;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Gives the bytes of a byte text, as the file system wants them.
 * @returns one byte a character
 */
export function toBytes(byteText: string): Buffer {
  return Buffer.from(byteText, "latin1");
}

/**
 * Writes a byte text for people and for JSON. Bytes that are not UTF-8 are escaped (`\xff`), and the exact bytes are
 * given beside the text, so that nothing is lost and no two files look alike to a program.
 * @returns the text, and the bytes when they are not valid UTF-8
 */
export function shownPath(byteText: string): ShownPath {
  const bytes = toBytes(byteText);
  try {
    return { path: decoder.decode(bytes) };
  } catch {
    return { path: escapedText(bytes), pathBytes: bytes.toString("base64") };
  }
}

/** Decodes the valid runs and escapes each byte that belongs to none. */
function escapedText(bytes: Buffer): string {
  let text = "";
  let index = 0;
  while (index < bytes.length) {
    const length = sequenceLength(bytes, index);
    text +=
      length === 0 ? `\\x${bytes.toString("hex", index, index + 1)}` : bytes.toString("utf8", index, index + length);
    index += Math.max(1, length);
  }
  return text;
}

/** Length in bytes of the UTF-8 sequence that starts at `index`, or 0 when none does. */
function sequenceLength(bytes: Buffer, index: number): number {
  for (let length = 1; length <= 4 && index + length <= bytes.length; length += 1) {
    try {
      decoder.decode(bytes.subarray(index, index + length));
      return length;
    } catch {
      // Not a whole sequence yet: one more byte may complete it.
    }
  }
  return 0;
}
