/**
 * Snapshots: the fold at a checkpoint, so that opening a vault replays only what came after.
 *
 * A snapshot is never believed: it carries the signed checkpoint of its position, and its state, its tree and the log's own
 * row must agree with it. One that does not fit, or is absent, costs a full replay and nothing else.
 */
import { readFile } from "node:fs/promises";
import { decodeState, encodeState } from "@toka/kernel";
import { openCheckpoint } from "./checkpoint.ts";
import { bytesOfDigest, digestText } from "./digest.ts";
import { replaceFile } from "./durable-file.ts";
import { textOf } from "./failure.ts";
import { Fold } from "./fold.ts";
import type { Log, LogHead } from "./log.ts";
import type { NoteVerifier } from "./note.ts";

/** A snapshot as text, and the entries it covers. */
export interface SnapshotText {
  readonly size: number;
  readonly text: string;
}

/**
 * Takes a snapshot of a fold that stands at a checkpoint.
 *
 * @param fold as it is
 * @param note the checkpoint of exactly this size
 * @returns the snapshot
 */
export function takeSnapshot(fold: Fold, note: string): SnapshotText {
  const { position, digest, timeMs } = fold.head;
  const head = JSON.stringify({
    format: 1,
    position,
    digest,
    timeMs,
    peaks: fold.tree.peaks.map(digestText),
    checkpoint: note,
  });
  // Two lines: the state is long, and a reader that only wants the head need not parse it.
  return { size: position, text: `${head}\n${encodeState(fold.state)}\n` };
}

/**
 * Writes a snapshot over the one before.
 *
 * @throws the system's error; the one before is then still there
 */
export async function writeSnapshot(path: string, { text }: SnapshotText): Promise<void> {
  await replaceFile(path, text);
}

/**
 * Reads a snapshot and checks it against the log.
 *
 * @param path of the snapshot
 * @param against `log` whose row must agree; `verifier` of the key that must have signed
 * @returns the fold, or why there is none
 */
export async function readSnapshot(
  path: string,
  against: { readonly log: Log; readonly verifier: NoteVerifier },
): Promise<{ readonly fold: Fold } | { readonly unusable: string }> {
  try {
    const [head, encoded] = (await readFile(path, "utf8")).split("\n");
    const { at, peaks, note } = headOf(JSON.parse(head ?? ""));
    const checkpoint = openCheckpoint(note, against.verifier);
    if (checkpoint === undefined || checkpoint.size !== at.position)
      return { unusable: "its checkpoint is not signed by the vault's key" };
    const [row] = await against.log.read({ after: at.position - 1, limit: 1 });
    if (row?.digest !== at.digest || row.timeMs !== at.timeMs)
      return { unusable: `the log has another entry at ${at.position}` };
    const fold = new Fold({ state: decodeState(encoded ?? ""), head: at, peaks });
    if (!fold.tree.root().equals(checkpoint.root)) return { unusable: "its tree differs from its checkpoint" };
    if (fold.stateDigest() !== checkpoint.state) return { unusable: "its state differs from its checkpoint" };
    return { fold };
  } catch (thrown) {
    return { unusable: textOf(thrown) };
  }
}

function headOf(value: unknown): {
  readonly at: LogHead;
  readonly peaks: readonly Uint8Array[];
  readonly note: string;
} {
  const found: Record<string, unknown> = typeof value === "object" && value !== null ? { ...value } : {};
  const { format, position, digest, timeMs, peaks, checkpoint } = found;
  if (format !== 1 || !isCount(position) || typeof digest !== "string" || !isCount(timeMs))
    throw new Error("its head is malformed");
  if (!Array.isArray(peaks) || typeof checkpoint !== "string") throw new Error("its head is malformed");
  return {
    at: { position, digest, timeMs },
    peaks: peaks.map((peak: unknown) => bytesOfDigest(String(peak))),
    note: checkpoint,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
