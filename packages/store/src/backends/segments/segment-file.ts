/**
 * Segment files in a folder: made whole under another name and then renamed, so that a file of a segment's name has a whole head,
 * and read back when the log is opened.
 */
import { StoreFailure } from "../../failure.ts";
import type { Disk, DiskFile } from "./disk.ts";
import {
  decodeSegmentHead,
  encodeFrame,
  encodeSegmentHead,
  scanFrames,
  type Frame,
  type FrameChain,
  type Scanned,
  type SegmentHead,
} from "./frame.ts";

const namePattern = /^segment-(\d{8})$/;
const unfinished = /^segment-\d{8}\.new$/;

/** The last segment, open for appending. */
export interface OpenSegment {
  readonly number: number;
  readonly file: DiskFile;
  /** Bytes that are whole and durable. */
  size: number;
  chain: FrameChain;
}

/** Where a frame lies. */
export interface FramePlace {
  readonly segment: number;
  readonly offset: number;
  readonly length: number;
  /** Of its segment: what it must be read by. */
  readonly chain: FrameChain;
}

/** A segment as it was read. */
export interface ReadSegment extends Scanned {
  readonly head: SegmentHead;
}

/**
 * The name of a segment's file.
 *
 * @returns `segment-00000001` for the first
 */
export function segmentName(number: number): string {
  return `segment-${String(number).padStart(8, "0")}`;
}

/**
 * The segments of a folder; whatever was never finished is removed.
 *
 * @returns how many there are
 * @throws StoreFailure `vault_damaged` when one between is missing
 */
export async function countSegments(disk: Disk): Promise<number> {
  const names = await disk.list();
  for (const name of names) if (unfinished.test(name)) await disk.remove(name);
  const numbers = names.flatMap((name) => namePattern.exec(name)?.[1] ?? []).map(Number);
  const missing = Array.from(numbers, (_, index) => index + 1).find((number) => !numbers.includes(number));
  if (missing !== undefined) throw damaged(missing, "it is missing");
  return numbers.length;
}

/**
 * Makes a segment with the frames that it begins with; durable, under its name, when resolved. One of the same number is replaced.
 *
 * @param disk the folder
 * @param of its head, and the frames in order
 * @returns the segment, open, and where each frame lies
 * @throws the system's error; what is there under the segment's name is then the old one or the new one, whole
 */
export async function makeSegment(
  disk: Disk,
  { head, frames }: { readonly head: SegmentHead; readonly frames: readonly Pick<Frame, "kind" | "content">[] },
): Promise<{ readonly segment: OpenSegment; readonly places: readonly FramePlace[] }> {
  const name = segmentName(head.number);
  const made = encodeSegmentHead(head);
  const parts = [made.bytes];
  const places: FramePlace[] = [];
  let { chain } = made;
  let size = made.bytes.length;
  for (const frame of frames) {
    const encoded = encodeFrame(chain, frame);
    parts.push(encoded.bytes);
    places.push({ segment: head.number, offset: size, length: encoded.bytes.length, chain: made.chain });
    chain = encoded.chain;
    size += encoded.bytes.length;
  }
  await disk.remove(`${name}.new`);
  const file = await disk.open(`${name}.new`);
  try {
    await file.append(Buffer.concat(parts));
    await file.sync();
    await disk.rename(`${name}.new`, name);
    await disk.syncFolder();
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
  return { segment: { number: head.number, file, size, chain }, places };
}

/**
 * Reads a segment.
 *
 * @param disk the folder
 * @param of its number; `after` and `previous` where the one before it ends; whether it is the last
 * @returns what is in it
 * @throws StoreFailure `vault_damaged` when it is not whole, unless only the last write to the last segment is not
 */
export async function readSegment(
  disk: Disk,
  of: { readonly number: number; readonly after: number; readonly previous: number; readonly last: boolean },
): Promise<ReadSegment> {
  const bytes = await disk.read(segmentName(of.number));
  const read = decodeSegmentHead(bytes);
  if (read === undefined) throw damaged(of.number, "its head is not whole");
  const { head } = read;
  if (head.number !== of.number || head.after !== of.after || head.previous !== of.previous)
    throw damaged(of.number, "it does not follow the one before it");
  const scanned = scanFrames(bytes, read.chain);
  if (scanned.behind === "damage")
    throw damaged(of.number, `byte ${scanned.size}: a frame is not whole, and others follow it`);
  if (scanned.behind === "torn" && !of.last)
    throw damaged(of.number, `byte ${scanned.size}: a frame is not whole, and another segment follows`);
  return { ...scanned, head };
}

/**
 * A segment that is not what was written.
 *
 * @returns a failure `vault_damaged`
 */
export function damaged(segment: number, state: string): StoreFailure {
  return new StoreFailure("vault_damaged", {
    message: `Cannot read the log: ${segmentName(segment)}: ${state}`,
    retry: "never",
  });
}
