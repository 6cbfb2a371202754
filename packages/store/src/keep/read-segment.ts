/** Reads the last segment of a backup: where the next one goes on, and whether this one is whole. */
import { openCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { leafDigest } from "../digest.ts";
import { textOf } from "../failure.ts";
import { CompactRange } from "../merkle.ts";
import { verifierOf } from "../note.ts";
import { subtreesOver } from "../proof/gaps.ts";
import { base64In, linesOf, numberIn, objectIn, textIn } from "../proof/read-lines.ts";
import { damagedBackup, type SegmentFile } from "./segment-files.ts";
import type { Reached } from "./segment-lines.ts";

/** How a segment ends. */
export interface SegmentEnd {
  readonly reached: Reached;
  /** Public key that signed its checkpoint. */
  readonly key: string;
  readonly checkpoint: Checkpoint;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads a segment to its end.
 *
 * @param segment the file
 * @param dir of the backup, for messages
 * @returns how it ends
 * @throws StoreFailure `backup_damaged` when it is not whole, or not what its checkpoint signs
 */
export async function readSegmentEnd(segment: SegmentFile, dir: string): Promise<SegmentEnd> {
  try {
    return await readEnd(segment);
  } catch (thrown) {
    throw damagedBackup(
      dir,
      `its last segment ${segment.name} is damaged: ${textOf(thrown)}; move that file away, and the next backup makes it again`,
    );
  }
}

async function readEnd({ path, last }: SegmentFile): Promise<SegmentEnd> {
  const tree = new CompactRange();
  let head: Fields = {};
  let end: Fields = {};
  let number = 0;
  for await (const line of linesOf(path)) {
    ({ number } = line);
    if (line.text.startsWith('{"part":')) continue;
    const fields = objectIn(line);
    if (number === 1) head = fields;
    else if ("entry" in fields) tree.append(leafDigest(textIn(fields, { name: "entry", line: number })));
    else if ("gap" in fields) takeGap(fields, { tree, line: number });
    else if (fields["end"] === true) end = fields;
  }
  const key = textIn(head, { name: "key", line: 1 });
  const verifier = verifierOf(key);
  const note = textIn(head, { name: "checkpoint", line: 1 });
  const checkpoint = verifier === undefined ? undefined : openCheckpoint(note, verifier);
  if (checkpoint === undefined) throw new Error("its checkpoint is not signed with its key");
  if (checkpoint.size !== last || tree.size !== last || !tree.root().equals(Buffer.from(checkpoint.root)))
    throw new Error("its entries are not those that its checkpoint signs");
  return { reached: { tree, lastPayload: numberIn(end, { name: "lastPayload", line: number }) }, key, checkpoint };
}

function takeGap(fields: Fields, { tree, line }: { readonly tree: CompactRange; readonly line: number }): void {
  const { hashes } = fields;
  const subtrees = subtreesOver(0, numberIn(fields, { name: "gap", line }));
  for (const [at, { level }] of subtrees.entries())
    tree.appendSubtree(base64In(Array.isArray(hashes) ? hashes[at] : undefined, { name: "hashes", line }), level);
}
