/**
 * Snapshots: the fold at a checkpoint, so that opening a vault replays only what came after.
 *
 * A snapshot is never believed: it carries the signed checkpoint of its position, and its state, its tree and the log's own
 * row must agree with it. One that does not fit, or is absent, costs a full replay and nothing else.
 */
import { closeSync, existsSync, openSync, readSync } from "node:fs";
import { holdEntities, restoreState } from "@toka/kernel";
import { openCheckpoint } from "./checkpoint.ts";
import { bytesOfDigest, digestText } from "./digest.ts";
import { replaceFile } from "./durable-file.ts";
import { textOf } from "./failure.ts";
import { Fold } from "./fold.ts";
import type { Log, LogHead } from "./log.ts";
import type { NoteVerifier } from "./note.ts";
import { StateDigest } from "./state-digest.ts";

/** A snapshot as it is written, and the entries it covers. */
export interface SnapshotText {
  readonly size: number;
  /**
   * Its bytes in pieces, each made when it is asked for and good until the next is: to be gone through once. The whole may be
   * half of what the state itself takes.
   */
  readonly pieces: Iterable<Uint8Array>;
}

const format = 2;
/** Bytes of a piece. */
const pieceBytes = 1024 * 1024;
/** UTF-8 takes at most so many for what is one unit of a text. */
const bytesOfUnitMax = 3;
/** Bytes read at once. */
const pageBytes = 1024 * 1024;
/** Bytes of a line (64 MiB), far above any entity: a file without line ends must not be gathered without bound. */
const lineBytesMax: number = 64 * 1024 * 1024;
const newline = 10;
const tab = 9;

/**
 * Takes a snapshot of a fold that stands at a checkpoint. The fold may move on at once: what is written is the fold as it was.
 *
 * @param fold as it is
 * @param note the checkpoint of exactly this size
 * @returns the snapshot
 */
export function takeSnapshot(fold: Fold, note: string): SnapshotText {
  const { position, digest, timeMs } = fold.head;
  const head = JSON.stringify({
    format,
    position,
    digest,
    timeMs,
    peaks: fold.tree.peaks.map(digestText),
    checkpoint: note,
  });
  return { size: position, pieces: piecesOf(head, holdEntities(fold.state)) };
}

/**
 * Writes a snapshot over the one before.
 *
 * @throws the system's error; the one before is then still there
 */
export async function writeSnapshot(path: string, { pieces }: SnapshotText): Promise<void> {
  await replaceFile(path, pieces);
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
  against: { readonly log: Pick<Log, "read">; readonly verifier: NoteVerifier },
): Promise<{ readonly fold: Fold } | { readonly unusable: string }> {
  try {
    const lines = linesOf(path);
    const { at, peaks, note } = firstOf(lines);
    const checkpoint = openCheckpoint(note, against.verifier);
    if (checkpoint === undefined || checkpoint.size !== at.position)
      return { unusable: "its checkpoint is not signed by the vault's key" };
    const [row] = await against.log.read({ after: at.position - 1, limit: 1 });
    if (row?.digest !== at.digest || row.timeMs !== at.timeMs)
      return { unusable: `the log has another entry at ${at.position}` };
    const fold = foldIn(lines, { at, peaks });
    if (!fold.tree.root().equals(checkpoint.root)) return { unusable: "its tree differs from its checkpoint" };
    if (fold.stateDigest() !== checkpoint.state) return { unusable: "its state differs from its checkpoint" };
    return { fold };
  } catch (thrown) {
    return { unusable: textOf(thrown) };
  }
}

/**
 * How many entries a snapshot says that it covers, without reading more of it than that.
 *
 * @param path of the snapshot
 * @returns what its first line says, which is not to be believed; undefined when there is none
 */
export function snapshotSize(path: string): number | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const { value } = linesOf(path).next();
    return value === undefined ? undefined : headOf(JSON.parse(value.toString("utf8"))).at.position;
  } catch {
    return undefined;
  }
}

/**
 * Reads a snapshot and checks nothing: for whoever compares head, tree and state digest with what the log itself gives.
 *
 * @param path of the snapshot
 * @returns the fold that it says it is
 * @throws Error when it is no snapshot; the system's error
 */
export function readUnchecked(path: string): Fold {
  const lines = linesOf(path);
  return foldIn(lines, firstOf(lines));
}

function firstOf(lines: Iterator<Buffer>): ReturnType<typeof headOf> {
  const first = lines.next();
  if (first.done === true) throw new Error("it is empty");
  return headOf(JSON.parse(first.value.toString("utf8")));
}

function foldIn(
  lines: Iterable<Buffer>,
  { at, peaks }: { readonly at: LogHead; readonly peaks: readonly Uint8Array[] },
): Fold {
  const digest = new StateDigest();
  const state = restoreState(entitiesIn(lines, digest));
  return new Fold({ state, head: at, peaks, digest });
}

/** The head, and a line for each entity: its key, a tab, and its encoding, in which JSON leaves neither tab nor newline. */
function* piecesOf(
  head: string,
  entities: Iterable<readonly [key: string, text: string]>,
): Generator<Uint8Array, void, undefined> {
  yield Buffer.from(`${head}\n`);
  // One buffer for all of them: a text and a buffer for each would leave as much garbage as the snapshot is long.
  const piece = Buffer.alloc(pieceBytes);
  let end = 0;
  for (const [key, text] of entities) {
    const bytesMax = (key.length + text.length + 2) * bytesOfUnitMax;
    if (end + bytesMax > pieceBytes) {
      if (end > 0) yield piece.subarray(0, end);
      end = 0;
    }
    if (bytesMax > pieceBytes) yield Buffer.from(`${key}\t${text}\n`);
    else {
      end += piece.write(key, end);
      piece[end] = tab;
      end += 1 + piece.write(text, end + 1);
      piece[end] = newline;
      end += 1;
    }
  }
  if (end > 0) yield piece.subarray(0, end);
}

/** Reads the lines of entities, and takes the digest of the very texts that the state is made of. */
function* entitiesIn(
  lines: Iterable<Buffer>,
  digest: StateDigest,
): Generator<readonly [key: string, text: string], void, undefined> {
  for (const line of lines) {
    const between = line.indexOf(tab);
    if (between < 0) throw new Error("a line of it is malformed");
    // Each text is a copy of its own: a part of a longer one would keep all of it in memory.
    const key = line.toString("latin1", 0, between);
    const text = line.toString("utf8", between + 1);
    digest.set(key, text);
    yield [key, text];
  }
}

/** The lines of a file, which is never in memory as a whole; each is good until the next is asked for. */
function* linesOf(path: string): Generator<Buffer, void, undefined> {
  const file = openSync(path, "r");
  try {
    const page = Buffer.alloc(pageBytes);
    let begun: Buffer = Buffer.alloc(0);
    for (;;) {
      const read = readSync(file, page);
      if (read === 0) break;
      const bytes = begun.length === 0 ? page.subarray(0, read) : Buffer.concat([begun, page.subarray(0, read)]);
      let at = 0;
      for (let end = bytes.indexOf(newline); end >= 0; end = bytes.indexOf(newline, at)) {
        yield bytes.subarray(at, end);
        at = end + 1;
      }
      begun = Buffer.from(bytes.subarray(at));
      if (begun.length > lineBytesMax) throw new Error(`a line of it is longer than ${lineBytesMax} bytes`);
    }
    if (begun.length > 0) throw new Error("its last line has no end");
  } finally {
    closeSync(file);
  }
}

function headOf(value: unknown): {
  readonly at: LogHead;
  readonly peaks: readonly Uint8Array[];
  readonly note: string;
} {
  const found: Record<string, unknown> = typeof value === "object" && value !== null ? { ...value } : {};
  const { position, digest, timeMs, peaks, checkpoint } = found;
  if (found["format"] !== format || !isCount(position) || typeof digest !== "string" || !isCount(timeMs))
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
