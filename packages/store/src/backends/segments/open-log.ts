/**
 * Opening a log of segments: reads every frame, and writes the last segment anew.
 *
 * Anew, because what can be read need not be on the disk: the process before may have died before its `sync`, or its `sync` may have
 * failed, after which the system gives out bytes that it will not write any more. What this opening shows is durable.
 */
import { StoreFailure } from "../../failure.ts";
import { decodeBatch } from "./batch-codec.ts";
import type { Disk } from "./disk.ts";
import type { Frame, FrameChain } from "./frame.ts";
import { LogIndex } from "./log-index.ts";
import { countSegments, damaged, makeSegment, readSegment, type FramePlace, type OpenSegment } from "./segment-file.ts";
import { decodeCheckpoint } from "./checkpoint-codec.ts";

/** What an opened log consists of. */
export interface OpenedLog {
  readonly index: LogIndex;
  readonly segment: OpenSegment;
}

/**
 * Reads a log and makes sure of its end.
 *
 * @param disk the folder
 * @param nonce gives random bytes for a segment
 * @returns what is in it, ready for appending
 * @throws StoreFailure `vault_absent` when there is none, `vault_damaged`; or the system's error
 */
export async function openLog(disk: Disk, nonce: () => Uint8Array): Promise<OpenedLog> {
  const count = await countSegments(disk);
  if (count === 0)
    throw new StoreFailure("vault_absent", { message: "Cannot open the log: there is none", retry: "never" });
  const index = new LogIndex();
  let previous = 0;
  for (let number = 1; number < count; number += 1) {
    const after = index.head.position;
    const { frames, chain } = await readSegment(disk, { number, after, previous, last: false });
    for (const frame of frames) takeFrame(index, { frame, place: placeOf(frame, { number, chain }) });
    previous = chain.last;
  }
  const after = index.head.position;
  const { head, frames } = await readSegment(disk, { number: count, after, previous, last: true });
  const { segment, places } = await makeSegment(disk, { head: { ...head, nonce: nonce() }, frames });
  try {
    for (const [at, frame] of frames.entries()) {
      const place = places[at];
      if (place !== undefined) takeFrame(index, { frame, place });
    }
  } catch (thrown) {
    await segment.file.close();
    throw thrown;
  }
  return { index, segment };
}

function placeOf(
  { offset, length }: Frame,
  { number, chain }: { readonly number: number; readonly chain: FrameChain },
): FramePlace {
  return { segment: number, offset, length, chain };
}

function takeFrame(index: LogIndex, { frame, place }: { readonly frame: Frame; readonly place: FramePlace }): void {
  try {
    if (frame.kind === "batch") index.take(decodeBatch(frame.content), place);
    if (frame.kind === "checkpoint") index.checkpoints.push(decodeCheckpoint(frame.content));
  } catch (thrown) {
    if (thrown instanceof StoreFailure) throw thrown;
    throw damaged(place.segment, `byte ${place.offset}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
  }
}
