/**
 * What an effect changed, as it stands in the log: a payload that lists each path with its state before and after, and names a payload
 * for the bytes that each changed file had before, so that the effect can be undone.
 *
 * Of after it names the bytes of small texts that replaced texts, which is what a three-way merge needs; all others are in the tree, or
 * in the run's layer until they are.
 */
import type { Content, PayloadDraft } from "@toka/kernel";
import { z } from "zod";
import type { Change } from "../sandbox/job.ts";
import { isText } from "../undo/text.ts";
import type { Seal } from "./run-result.ts";

/** Bytes of before-images of one run. They are held in memory while they are sealed, and kept in the log's payloads. */
export const beforeBytesMax = 67_108_864;
/**
 * Bytes of before-images of one undo. More than those of a run, since what an undo replaces is what runs wrote, and many of them at once;
 * less than what the log takes in one entry.
 */
export const undoBeforeBytesMax = 201_326_592;

/** Bytes of one text that is kept as it was after an effect: longer ones are nobody's to merge line by line. */
const textBytesMax = 1_048_576;
/** Bytes of such texts of one effect together. */
const textsBytesMax = 16_777_216;

/** One changed path with the bytes that stood there. */
export interface RecordedChange extends Change {
  /** Content of the file's bytes before; null when no file stood there. */
  readonly image: Content | null;
  /** Content of the file's bytes after, kept where a text replaced a text, so that a later change can be told from this one. */
  readonly afterImage?: Content | undefined;
}

const digest = z.string().regex(/^sha256:[A-Za-z0-9_-]{43}$/u);
const content = z.strictObject({ commitment: digest, size: z.number().int().min(0) });
const fileState = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("file"),
    digest,
    size: z.number().int().min(0),
    mode: z.number().int().min(0).max(0o777),
  }),
  z.strictObject({ type: z.literal("symlink"), target: z.string() }),
  z.strictObject({ type: z.literal("directory"), mode: z.number().int().min(0).max(0o777) }),
]);
const document = z.strictObject({
  schema: z.literal(1),
  changes: z.array(
    z.strictObject({
      path: z.string().startsWith("/"),
      before: fileState.nullable(),
      after: fileState.nullable(),
      image: content.nullable(),
      afterImage: content.optional(),
    }),
  ),
});

/** Changes as they are settled: their content, and every payload to store with it. */
export interface SealedChanges {
  readonly changes: readonly Change[];
  readonly content: Content;
  readonly payloads: readonly PayloadDraft[];
}

/** What sealing reads with. */
export interface SealingMeans {
  readonly seal: Seal;
  readonly readBefore: (change: Change) => Promise<Uint8Array>;
  readonly readAfter: (change: Change) => Promise<Uint8Array>;
}

/**
 * Adds up the before-images of some changes.
 * @returns bytes
 */
export function beforeBytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { before }) => sum + (before?.type === "file" ? before.size : 0), 0);
}

/**
 * Adds up what some changes write.
 * @returns bytes
 */
export function afterBytesOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { after }) => sum + (after?.type === "file" ? after.size : 0), 0);
}

/**
 * Seals changes with their before-images.
 * @param changes - sorted by path
 * @param options - how to seal, how to read what stands at a path now, and what a change writes there
 * @returns the document's content and all payloads
 * @throws whatever the readers throw
 */
export async function sealChanges(
  changes: readonly Change[],
  { seal, readBefore, readAfter }: SealingMeans,
): Promise<SealedChanges> {
  const images: PayloadDraft[] = [];
  const recorded: RecordedChange[] = [];
  let textBytes = 0;
  for (const change of changes) {
    const { path, before, after } = change;
    const image = before?.type === "file" ? seal(await readBefore(change)) : null;
    if (image !== null) images.push(image);
    const text = image !== null && replacesSmall(change) ? await textAfter(change, { image, readAfter }) : undefined;
    const fits = text !== undefined && textBytes + text.byteLength <= textsBytesMax;
    const afterImage = fits ? seal(text) : undefined;
    textBytes += afterImage?.bytes.byteLength ?? 0;
    if (afterImage !== undefined) images.push(afterImage);
    const kept = afterImage === undefined ? {} : { afterImage: afterImage.content };
    recorded.push({ path, before, after, image: image?.content ?? null, ...kept });
  }
  const sealed = seal(
    JSON.stringify({ schema: 1, changes: recorded }),
    images.map((image) => image.content),
  );
  return { changes, content: sealed.content, payloads: [sealed, ...images] };
}

function replacesSmall({ before, after }: Change): boolean {
  return before?.type === "file" && after?.type === "file" && before.size <= textBytesMax && after.size <= textBytesMax;
}

async function textAfter(
  change: Change,
  { image, readAfter }: { readonly image: PayloadDraft; readonly readAfter: SealingMeans["readAfter"] },
): Promise<Uint8Array | undefined> {
  if (!isText(image.bytes)) return undefined;
  const bytes = await readAfter(change);
  return isText(bytes) ? bytes : undefined;
}

/**
 * Reads a changes document back.
 * @returns its changes, or undefined when the bytes are none
 */
export function readChangesDocument(bytes: Uint8Array): readonly RecordedChange[] | undefined {
  try {
    return document.parse(JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes))).changes;
  } catch {
    return undefined;
  }
}
