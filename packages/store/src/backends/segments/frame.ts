/**
 * Segments and frames: what stands in a segment file, and where it stops being what was written.
 *
 * A segment is a head and then frames. Its head holds 16 random bytes, the first four of which stand before every frame, and its
 * check value begins that of every frame: bytes of another segment, of a block used before, or of a content that looks like a frame
 * are none of this one. Each frame names the check value of the one before, so that none can be missing or out of place.
 * Source: docs/format.md, section "Segments".
 */
import { crc32 } from "node:zlib";

/** What a frame holds. */
export type FrameKind = "batch" | "checkpoint" | "end";

const kindBytes: Readonly<Record<FrameKind, number>> = { batch: 1, checkpoint: 2, end: 3 };
const kinds: ReadonlyMap<number, FrameKind> = new Map([
  [1, "batch"],
  [2, "checkpoint"],
  [3, "end"],
]);

const magic = Buffer.from("TOKASEG1", "latin1");

/** Random bytes of a segment. */
export const nonceBytes = 16;

/** Bytes of a segment's head: magic, number, last position before, check value of the last frame before, nonce, check value. */
export const segmentHeadBytes: number = 8 + 4 + 8 + 4 + nonceBytes + 4;

/** Bytes before a frame's content: marker, length, check value of the frame before, check value, kind. */
export const frameHeadBytes = 17;

const markerBytes = 4;

/** The head of a segment. */
export interface SegmentHead {
  /** From 1, without gaps. */
  readonly number: number;
  /** The last position before it. */
  readonly after: number;
  /** Check value of the last frame before it; 0 for the first segment. */
  readonly previous: number;
  readonly nonce: Uint8Array;
}

/** Where frames are added: what the next one must follow. */
export interface FrameChain {
  readonly nonce: Uint8Array;
  /** Check value of the segment's head. */
  readonly seed: number;
  /** Check value of the last frame; that of the head when there is none. */
  readonly last: number;
}

/** A frame as it lies in a segment. */
export interface Frame {
  readonly kind: FrameKind;
  readonly content: Uint8Array;
  /** Where it begins, and with how many bytes it ends. */
  readonly offset: number;
  readonly length: number;
  readonly check: number;
}

/**
 * The bytes of a segment's head.
 *
 * @returns the bytes, and the chain that its frames begin
 */
export function encodeSegmentHead(head: SegmentHead): { readonly bytes: Uint8Array; readonly chain: FrameChain } {
  const bytes = Buffer.alloc(segmentHeadBytes);
  magic.copy(bytes, 0);
  bytes.writeUInt32LE(head.number, 8);
  bytes.writeBigUInt64LE(BigInt(head.after), 12);
  bytes.writeUInt32LE(head.previous, 20);
  bytes.set(head.nonce, 24);
  const seed = crc32(bytes.subarray(0, segmentHeadBytes - 4));
  bytes.writeUInt32LE(seed, segmentHeadBytes - 4);
  return { bytes, chain: { nonce: head.nonce, seed, last: seed } };
}

/**
 * Reads a segment's head.
 *
 * @returns the head and the chain that its frames begin, or undefined when these bytes are none
 */
export function decodeSegmentHead(
  bytes: Uint8Array,
): { readonly head: SegmentHead; readonly chain: FrameChain } | undefined {
  if (bytes.length < segmentHeadBytes) return undefined;
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, segmentHeadBytes);
  const seed = crc32(view.subarray(0, segmentHeadBytes - 4));
  if (!view.subarray(0, 8).equals(magic) || view.readUInt32LE(segmentHeadBytes - 4) !== seed) return undefined;
  const nonce = Uint8Array.from(view.subarray(24, 24 + nonceBytes));
  const after = Number(view.readBigUInt64LE(12));
  const head = { number: view.readUInt32LE(8), after, previous: view.readUInt32LE(20), nonce };
  return { head, chain: { nonce, seed, last: seed } };
}

/**
 * The bytes of a frame that follows a chain.
 *
 * @returns the bytes, and the chain behind it
 */
export function encodeFrame(
  chain: FrameChain,
  { kind, content }: Pick<Frame, "kind" | "content">,
): { readonly bytes: Uint8Array; readonly chain: FrameChain } {
  const bytes = Buffer.allocUnsafe(frameHeadBytes + content.length);
  bytes.set(chain.nonce.subarray(0, markerBytes), 0);
  bytes.writeUInt32LE(content.length, 4);
  bytes.writeUInt32LE(chain.last, 8);
  bytes[16] = kindBytes[kind];
  bytes.set(content, frameHeadBytes);
  const check = checkOf(bytes, chain.seed);
  bytes.writeUInt32LE(check, 12);
  return { bytes, chain: { ...chain, last: check } };
}

/**
 * Reads the frame at an offset, wherever it belongs in the chain.
 *
 * @returns the frame with the check value that it follows, or undefined when there is no whole one
 */
export function decodeFrame(
  bytes: Uint8Array,
  at: { readonly offset: number; readonly nonce: Uint8Array; readonly seed: number },
): { readonly frame: Frame; readonly follows: number } | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset + at.offset, bytes.length - at.offset);
  if (view.length < frameHeadBytes || !view.subarray(0, markerBytes).equals(at.nonce.subarray(0, markerBytes)))
    return undefined;
  const length = frameHeadBytes + view.readUInt32LE(4);
  if (length > view.length) return undefined;
  const whole = view.subarray(0, length);
  const check = checkOf(whole, at.seed);
  const kind = kinds.get(whole[16] ?? 0);
  if (whole.readUInt32LE(12) !== check || kind === undefined) return undefined;
  const frame = { kind, content: whole.subarray(frameHeadBytes), offset: at.offset, length, check };
  return { frame, follows: whole.readUInt32LE(8) };
}

/** What is in a segment: its frames, the chain behind the last of them, and where what is good ends. */
export interface Scanned {
  readonly frames: readonly Frame[];
  readonly chain: FrameChain;
  /** Length of what is good. */
  readonly size: number;
  /** What follows, if anything does: the remains of a write that nobody was told of, or damage. */
  readonly behind: "nothing" | "torn" | "damage";
}

/**
 * Reads the frames of a segment up to the first that is not whole.
 *
 * A frame is written when the one before it is durable. So of what is not whole nobody was told, if it is the last; and if
 * a whole frame lies anywhere behind it, then it was whole once, and somebody was.
 *
 * @param bytes of the whole file
 * @param from the chain that its head begins
 * @returns what is in it
 */
export function scanFrames(bytes: Uint8Array, from: FrameChain): Scanned {
  const frames: Frame[] = [];
  let chain = from;
  let offset = segmentHeadBytes;
  while (offset < bytes.length) {
    const read = decodeFrame(bytes, { offset, ...from });
    if (read === undefined || read.follows !== chain.last) {
      const behind = read !== undefined || frameBehind(bytes, { offset, ...from }) ? "damage" : "torn";
      return { frames, chain, size: offset, behind };
    }
    frames.push(read.frame);
    chain = { ...chain, last: read.frame.check };
    offset += read.frame.length;
  }
  return { frames, chain, size: offset, behind: "nothing" };
}

function frameBehind(
  bytes: Uint8Array,
  { offset, nonce, seed }: { readonly offset: number; readonly nonce: Uint8Array; readonly seed: number },
): boolean {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const marker = nonce.subarray(0, markerBytes);
  for (let at = view.indexOf(marker, offset + 1); at >= 0; at = view.indexOf(marker, at + 1))
    if (decodeFrame(bytes, { offset: at, nonce, seed }) !== undefined) return true;
  return false;
}

/** Over everything but the check value itself. */
function checkOf(frame: Buffer, seed: number): number {
  return crc32(frame.subarray(16), crc32(frame.subarray(0, 12), seed));
}
