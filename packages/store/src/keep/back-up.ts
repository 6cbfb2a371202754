/**
 * Backs a vault up while it is being written: reads its files beside the writer, and adds segments to a folder. What is there
 * is never written again, but to remove what was erased; a segment is under its name when it is whole, synced and read back, so that whatever ends a backup
 * leaves the last good one, and the next run goes on behind it.
 */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { openReadOnlyLog, type ReadOnlyLog } from "../backends/sqlite/read-only.ts";
import { openCheckpoint } from "../checkpoint.ts";
import { syncFolder } from "../durable-file.ts";
import { StoreFailure } from "../failure.ts";
import { segmentEntriesMin } from "../limits.ts";
import { tryLock } from "../lock.ts";
import type { CheckpointRow } from "../log.ts";
import { CompactRange } from "../merkle.ts";
import { verifierOf } from "../note.ts";
import { linesOf } from "../proof/read-lines.ts";
import { vaultFiles } from "../vault-files.ts";
import { erasuresBetween, holdsErased, withoutErased } from "./forget-erased.ts";
import { readSegmentEnd } from "./read-segment.ts";
import { backupLock, damagedBackup, readBackupFolder, segmentName, unfinished } from "./segment-files.ts";
import { segmentLines, type Reached, type SegmentSource } from "./segment-lines.ts";

/** What is backed up, and where to. */
export interface BackUpOptions {
  /** Folder of the vault. */
  readonly dir: string;
  /** Folder of the backup: absent, empty, or a backup of this vault. */
  readonly to: string;
  /** The public key that signs its checkpoints, and the checkpoint to end with: from an open vault. */
  readonly key: string;
  readonly head: CheckpointRow;
  /** Ends it between two entries. */
  readonly signal: AbortSignal;
  /** Entries after which a segment ends at the next checkpoint. */
  readonly segmentEntries?: number;
  /** Told how far it has come. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** What a backup came to. */
export interface BackUpReport {
  /** Entries that the backup holds now. */
  readonly size: number;
  /** What was added. */
  readonly entries: number;
  readonly payloads: number;
  readonly segments: number;
  /** Bytes of the segments that were added. */
  readonly bytes: number;
}

/** Characters compressed at once. */
const writtenAtOnce = 262_144;

/** How hard gzip tries: a third of the time of its default for a tenth more bytes. */
const gzipLevel = 4;

/**
 * Brings a backup up to a checkpoint.
 *
 * @param options which vault, where to, and up to where
 * @returns what was added
 * @throws StoreFailure `backup_of_another`, `backup_damaged`, `backup_locked`, `backup_not_empty`, `vault_rolled_back` when the
 *   backup is further on than the vault, `vault_damaged`; the system's error when it cannot be written
 */
export async function backUp(options: BackUpOptions): Promise<BackUpReport> {
  const { to, dir, key, head } = options;
  const verifier = verifierOf(key);
  if (verifier === undefined || openCheckpoint(head.note, verifier) === undefined)
    throw new StoreFailure("vault_damaged", {
      message: `Cannot back up the vault ${dir}: its checkpoint is not signed by its key`,
      retry: "never",
    });
  await mkdir(to, { recursive: true, mode: 0o700 });
  await refuseOthers(to);
  const lock = tryLock(join(to, backupLock));
  if (lock === undefined)
    throw new StoreFailure("backup_locked", {
      message: `Cannot back up to ${to}: another process is writing there`,
      retry: "later",
    });
  const log = openReadOnlyLog(vaultFiles(dir).log);
  try {
    if (log.base > 0)
      throw new StoreFailure("backup_of_fork", {
        message: `Cannot back up the vault ${dir}: its first ${log.base} entries lie with the vault that it was forked from; back that one up`,
        retry: "never",
      });
    const reached = await goOnFrom(options);
    await forget(log, { options, size: reached.tree.size });
    return await writeSegments({ log, verifier }, { options, reached });
  } finally {
    log.close();
    lock.release();
  }
}

/** Somebody's folder that merely has this name stays as it is. */
async function refuseOthers(to: string): Promise<void> {
  const { segments, others } = await readBackupFolder(to);
  if (segments.length > 0 || others.length === 0) return;
  throw new StoreFailure("backup_not_empty", {
    message: `Cannot back up to ${to}: found ${others[0]} there, wanted an empty folder or a backup of this vault`,
    retry: "never",
  });
}

/** Where the backup that is there ends, held against the vault. */
async function goOnFrom({ to, key, head }: BackUpOptions): Promise<Reached> {
  const { segments } = await readBackupFolder(to);
  const last = segments.at(-1);
  if (last === undefined) return { tree: new CompactRange(), lastPayload: 0 };
  const end = await readSegmentEnd(last, to);
  const { size, origin } = end.checkpoint;
  if (end.key !== key)
    throw new StoreFailure("backup_of_another", {
      message: `Cannot back up to ${to}: it is a backup of ${origin}, signed with the key ${end.key}; wanted one of the key ${key}`,
      retry: "never",
    });
  if (size > head.size)
    throw new StoreFailure("vault_rolled_back", {
      message: `Cannot back up to ${to}: it has ${size} entries, and the vault has ${head.size}: the vault was put back to an earlier state`,
      retry: "never",
    });
  return end.reached;
}

/** What the vault has erased since is removed from what was kept before. */
async function forget(
  log: ReadOnlyLog,
  { options, size }: { readonly options: BackUpOptions; readonly size: number },
): Promise<void> {
  const { to, head } = options;
  const erased = size === 0 ? new Map() : await erasuresBetween(log, { after: size, end: head.size });
  if (erased.size === 0) return;
  const { segments } = await readBackupFolder(to);
  for (const segment of segments) {
    const { path, name } = segment;
    if (await holdsErased(segment, erased)) await writeSegment(withoutErased(segment, erased), { path, name, options });
  }
}

async function writeSegments(
  source: SegmentSource,
  { options, reached }: { readonly options: BackUpOptions; readonly reached: Reached },
): Promise<BackUpReport> {
  const { head, segmentEntries = segmentEntriesMin } = options;
  const report = { size: reached.tree.size, entries: 0, payloads: 0, segments: 0, bytes: 0 };
  while (reached.tree.size < head.size) {
    const end = await nextEnd(source, { after: reached.tree.size + segmentEntries - 1, head });
    const counts = { entries: 0, payloads: 0 };
    const name = segmentName({ first: reached.tree.size + 1, last: end.size });
    const lines = segmentLines(source, { end, reached, counts });
    report.bytes += await writeSegment(lines, { path: join(options.to, name), name, options });
    report.entries += counts.entries;
    report.payloads += counts.payloads;
    report.segments += 1;
    report.size = reached.tree.size;
    options.onProgress?.(report.size, head.size);
  }
  return report;
}

/** The next checkpoint at which a segment may end: one that this vault signed itself, and not the one that it was forked from. */
async function nextEnd(
  { log, verifier }: SegmentSource,
  { after, head }: { readonly after: number; readonly head: CheckpointRow },
): Promise<CheckpointRow> {
  for (let at = after; ;) {
    const [next] = await log.checkpoints({ after: at, limit: 1 });
    if (next === undefined || next.size >= head.size) return head;
    if (openCheckpoint(next.note, verifier) !== undefined) return next;
    at = next.size;
  }
}

/** Writes a segment under another name, syncs it, reads it back, and gives it its own. */
async function writeSegment(
  lines: AsyncIterable<string>,
  { path, name, options }: { readonly path: string; readonly name: string; readonly options: BackUpOptions },
): Promise<number> {
  const next = `${path}${unfinished}`;
  const written = createHash("sha256");
  try {
    const file = await open(next, "w", 0o600);
    try {
      await pipeline(
        Readable.from(chunksOf(lines, { hash: written, signal: options.signal })),
        createGzip({ level: gzipLevel }),
        async (compressed: AsyncIterable<Buffer>) => file.writeFile(compressed),
      );
      await file.sync();
    } finally {
      await file.close();
    }
    const read = createHash("sha256");
    for await (const { text } of linesOf(next)) read.update(`${text}\n`);
    if (!read.digest().equals(written.digest()))
      throw damagedBackup(options.to, `what was written to ${name} is not what is read back from it`);
    const { size } = await stat(next);
    await rename(next, path);
    await syncFolder(options.to);
    return size;
  } catch (thrown) {
    await rm(next, { force: true });
    throw thrown;
  }
}

async function* chunksOf(
  lines: AsyncIterable<string>,
  { hash, signal }: { readonly hash: ReturnType<typeof createHash>; readonly signal: AbortSignal },
): AsyncGenerator<string, void, undefined> {
  let waiting = "";
  const taken = (): string => {
    hash.update(waiting);
    return waiting;
  };
  for await (const line of lines) {
    if (signal.aborted)
      throw new StoreFailure("backup_stopped", {
        message: "Cannot finish the backup: it was stopped; what was whole stays, and the next run goes on behind it",
        retry: "later",
      });
    waiting += `${line}\n`;
    if (waiting.length < writtenAtOnce) continue;
    yield taken();
    waiting = "";
  }
  yield taken();
}
