/**
 * Blanking a payload where it lies in a segment: salt and bytes become zeros, and the frame keeps its check value, so that the frames
 * and segments behind it still follow.
 *
 * The check value stays since the last four bytes of the salt are chosen so that it does. What they hold says nothing of the bytes:
 * the sixteen random ones before them are gone, and any content could have given the same.
 * Source: docs/format.md, section "Segments"; M. Stigge and others, "Reversing CRC - Theory and Practice", 2006.
 */
import { crc32 } from "node:zlib";
import { saltBytes } from "../../limits.ts";
import { payloadPlaces } from "./batch-codec.ts";
import type { Disk } from "./disk.ts";
import { decodeSegmentHead, frameHeadBytes } from "./frame.ts";
import { damaged, segmentName, type FramePlace } from "./segment-file.ts";

/** A payload, and the frame that it lies in. */
export interface PlacedPayload {
  readonly commitment: string;
  readonly place: FramePlace;
}

/**
 * Blanks payloads of one segment that nothing is appended to. What is there under its name is the old file or the new one, whole.
 *
 * @param disk the folder
 * @param of the segment's number, the payloads, and what must be done `before` the file is replaced
 * @throws StoreFailure `vault_damaged` when one of them is not there; or the system's error
 */
export async function blankPayloads(
  disk: Disk,
  of: {
    readonly number: number;
    readonly payloads: readonly PlacedPayload[];
    readonly before: () => Promise<void>;
  },
): Promise<void> {
  const name = segmentName(of.number);
  const read = await disk.read(name);
  const bytes = Buffer.from(read.buffer, read.byteOffset, read.length);
  const head = decodeSegmentHead(bytes);
  if (head === undefined) throw damaged(of.number, "its head is not whole");
  let changed = false;
  for (const { commitment, place } of of.payloads) {
    const frame = bytes.subarray(place.offset, place.offset + place.length);
    const found = payloadPlaces(frame.subarray(frameHeadBytes)).get(commitment);
    if (found === undefined) throw damaged(of.number, `byte ${place.offset}: found no payload ${commitment}`);
    const at = frameHeadBytes + found.at;
    if (isBlank(frame.subarray(at, at + found.length))) continue;
    blank(frame, { at, length: found.length, seed: head.chain.seed });
    changed = true;
  }
  if (!changed) return;
  await of.before();
  await disk.remove(`${name}.new`);
  const file = await disk.open(`${name}.new`);
  try {
    await file.append(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  await disk.rename(`${name}.new`, name);
  await disk.syncFolder();
}

function isBlank(payload: Uint8Array): boolean {
  return payload.every((byte, index) => byte === 0 || (index >= saltBytes - patchBytes && index < saltBytes));
}

const patchBytes = 4;

/**
 * Blanks a part of a frame in place.
 *
 * @param frame its bytes, whole
 * @param part where salt and bytes begin in it, how long they are, and the check value of the segment's head
 */
export function blank(
  frame: Buffer,
  { at, length, seed }: { readonly at: number; readonly length: number; readonly seed: number },
): void {
  const wanted = frame.readUInt32LE(checkAt);
  const patchAt = at + saltBytes - patchBytes;
  frame.fill(0, at, at + length);
  // From before, what the register holds when the four bytes come; from behind, what it must hold after them.
  const begun = crc32(frame.subarray(kindAt, patchAt), crc32(frame.subarray(0, checkAt), seed));
  let register = ~wanted >>> 0;
  for (let index = frame.length - 1; index >= patchAt; index -= 1) register = stepBack(register, frame[index] ?? 0);
  frame.writeUInt32LE((register ^ ~begun) >>> 0, patchAt);
}

/** Where a frame's check value stands, and where what it is taken over goes on. */
const [checkAt, kindAt] = [12, 16];

/** The register of CRC-32 before a byte came, from what it was after it. */
function stepBack(register: number, byte: number): number {
  return ((register << 8) ^ (backwards[register >>> 24] ?? 0) ^ byte) >>> 0;
}

/** By the top byte of what a byte leaves in the register: the rest of it, and the byte that did. */
const backwards: readonly number[] = backwardTable();

function backwardTable(): number[] {
  const table: number[] = Array.from({ length: 256 }, () => 0);
  for (let byte = 0; byte < 256; byte += 1) {
    let value = byte;
    for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 0 ? value >>> 1 : (value >>> 1) ^ 0xedb88320;
    value >>>= 0;
    table[value >>> 24] = ((value << 8) ^ byte) >>> 0;
  }
  return table;
}
