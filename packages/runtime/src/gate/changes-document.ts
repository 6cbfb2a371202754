/**
 * What an effect changed, as it stands in the log: a payload that lists each path with its state before and after, and names a payload
 * for the bytes that each changed file had before, so that the effect can be undone.
 *
 * It names no bytes of after: they are in the tree, or in the run's layer until they are.
 */
import type { Content, PayloadDraft } from "@toka/kernel";
import { z } from "zod";
import type { Change } from "../sandbox/job.ts";
import type { Seal } from "./run-result.ts";

/** Bytes of before-images of one effect. They are held in memory while they are sealed, and kept in the log's payloads. */
export const beforeBytesMax = 67_108_864;

/** One changed path with the bytes that stood there. */
export interface RecordedChange extends Change {
  /** Content of the file's bytes before; null when no file stood there. */
  readonly image: Content | null;
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
    }),
  ),
});

/** Changes as they are settled: their content, and every payload to store with it. */
export interface SealedChanges {
  readonly changes: readonly Change[];
  readonly content: Content;
  readonly payloads: readonly PayloadDraft[];
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
 * @param options - how to seal, and how to read what stands at a path now
 * @returns the document's content and all payloads
 * @throws whatever `readBefore` throws
 */
export async function sealChanges(
  changes: readonly Change[],
  { seal, readBefore }: { readonly seal: Seal; readonly readBefore: (change: Change) => Promise<Uint8Array> },
): Promise<SealedChanges> {
  const images: PayloadDraft[] = [];
  const recorded: RecordedChange[] = [];
  for (const change of changes) {
    const image = change.before?.type === "file" ? seal(await readBefore(change)) : null;
    if (image !== null) images.push(image);
    recorded.push({ path: change.path, before: change.before, after: change.after, image: image?.content ?? null });
  }
  const sealed = seal(
    JSON.stringify({ schema: 1, changes: recorded }),
    images.map((image) => image.content),
  );
  return { changes, content: sealed.content, payloads: [sealed, ...images] };
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
