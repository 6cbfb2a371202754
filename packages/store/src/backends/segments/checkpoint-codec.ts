/** Codec between a checkpoint and the content of its frame: the size in decimal, a newline, the note. */
import type { CheckpointRow } from "../../log.ts";

/**
 * The content of a checkpoint's frame.
 *
 * @returns the content
 */
export function encodeCheckpoint({ size, note }: CheckpointRow): Uint8Array {
  return Buffer.from(`${size}\n${note}`);
}

/**
 * Reads the content of a checkpoint's frame.
 *
 * @returns the checkpoint
 * @throws Error when it is not what `encodeCheckpoint` writes
 */
export function decodeCheckpoint(content: Uint8Array): CheckpointRow {
  const text = Buffer.from(content.buffer, content.byteOffset, content.length).toString("utf8");
  const found = /^(\d{1,16})\n(.*)$/s.exec(text);
  if (found === null) throw new Error("its checkpoint is malformed");
  return { size: Number(found[1]), note: found[2] ?? "" };
}
