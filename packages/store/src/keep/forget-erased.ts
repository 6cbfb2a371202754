/**
 * Removes from a backup what its vault has erased since: the segments that hold such contents are written anew without them,
 * before anything is added. A segment is in its place as it was or as it is to be, so that whatever ends this, the next run
 * does the rest.
 */
import type { ReadOnlyLog } from "../backends/sqlite/read-only.ts";
import { erasuresIn } from "../erasure.ts";
import { linesOf, objectIn, textIn } from "../proof/read-lines.ts";
import type { SegmentFile } from "./segment-files.ts";
import { rowsUpTo } from "./segment-lines.ts";

/** Which payloads were erased, each by the entry at a position. */
export type Erasures = ReadonlyMap<string, number>;

/**
 * The payloads that entries erased.
 *
 * @param log the log
 * @param range behind which entry, and up to which
 * @returns them, with the position of the entry
 * @throws StoreFailure `vault_damaged` when an entry is missing
 */
export async function erasuresBetween(
  log: ReadOnlyLog,
  range: { readonly after: number; readonly end: number },
): Promise<Erasures> {
  const found = new Map<string, number>();
  for await (const { bytes, position } of rowsUpTo(log, range))
    for (const commitment of erasuresIn(bytes)) found.set(commitment, position);
  return found;
}

/**
 * Whether a segment holds something that was erased.
 *
 * @param segment of a backup
 * @param erased what was erased
 * @returns true when it must be written anew
 * @throws BadLine when it cannot be read
 */
export async function holdsErased({ path }: SegmentFile, erased: Erasures): Promise<boolean> {
  for await (const { text } of linesOf(path)) {
    const commitment = payloadIn(text);
    if (commitment !== undefined && erased.has(commitment)) return true;
  }
  return false;
}

/**
 * A segment without what was erased.
 *
 * @param segment of a backup
 * @param erased what was erased
 * @returns its lines, without their ends
 * @throws BadLine when it cannot be read
 */
export async function* withoutErased({ path }: SegmentFile, erased: Erasures): AsyncGenerator<string, void, undefined> {
  let [gone, skipping] = [0, false];
  for await (const line of linesOf(path)) {
    const { text } = line;
    if (skipping && text.startsWith('{"part":')) continue;
    skipping = false;
    const commitment = payloadIn(text);
    const by = commitment === undefined ? undefined : erased.get(commitment);
    if (by !== undefined) {
      const { children } = objectIn(line);
      yield JSON.stringify({ erased: commitment, by, children });
      [gone, skipping] = [gone + 1, true];
    } else if (text.startsWith('{"end":true')) {
      const end = objectIn(line);
      yield JSON.stringify({ ...end, payloads: Number(end["payloads"]) - gone });
    } else yield text;
  }
}

function payloadIn(text: string): string | undefined {
  if (!text.startsWith('{"payload":')) return undefined;
  return textIn(objectIn({ number: 1, text }), { name: "payload", line: 1 });
}
