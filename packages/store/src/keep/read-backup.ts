/** Reads a backup from its first segment to its last, deciding every entry again. */
import { anchorOf, signedBy, type Anchor, type Trusted } from "../proof/anchor.ts";
import type { EntryVerdict } from "../proof/file-verdict.ts";
import { loadFamilyEngine } from "../families/load-engine.ts";
import { BadLine, linesOf, objectIn, textIn, type Line } from "../proof/read-lines.ts";
import { ExportCheck, type ExportFound, type ExportSink } from "../proof/verify-export.ts";
import type { CheckpointRow } from "../log.ts";
import { damagedBackup, readBackupFolder, type SegmentFile } from "./segment-files.ts";

/** How a backup is read. */
export interface BackupReading {
  /** Folder of the backup. */
  readonly dir: string;
  /** What whoever reads it knows already. */
  readonly trusted: Trusted;
  readonly sink?: ExportSink;
  readonly onEntry?: (position: number, verdict: EntryVerdict) => void;
  /** Called after each line: whoever takes in what the sink is given may let the reading wait. */
  readonly settle?: () => Promise<void> | undefined;
  /** Entries up to which it is read; the segment in which that one lies is read to its end. */
  readonly until?: number;
}

/** What was read. */
export interface BackupRead {
  readonly check: ExportCheck;
  readonly found: ExportFound;
  readonly anchor: Anchor;
  /** The checkpoint of the last segment that was read. */
  readonly head: CheckpointRow;
}

/** Something in a segment is not as it must be. */
export class BadSegment extends Error {
  readonly line: number;
  /** Of the segment. */
  readonly file: string;

  /**
   * @param file the segment's name
   * @param bad what differs, and where
   */
  constructor(file: string, bad: BadLine) {
    super(bad.message);
    this.line = bad.line;
    this.file = file;
  }
}

/**
 * Reads a backup.
 *
 * @param reading which one, and who hears of it
 * @returns what was found
 * @throws BadSegment where something differs; StoreFailure `backup_damaged` when a segment is missing or there is none
 */
export async function readBackup(reading: BackupReading): Promise<BackupRead> {
  const { dir, until = Number.POSITIVE_INFINITY } = reading;
  const { segments } = await readBackupFolder(dir);
  let read: BackupRead | undefined;
  for (const segment of segments) {
    if (segment.first > until) break;
    try {
      read = await readSegment(segment, { reading, before: read });
    } catch (thrown) {
      throw thrown instanceof BadLine ? new BadSegment(segment.name, thrown) : thrown;
    }
  }
  if (read === undefined) throw damagedBackup(dir, "there is no segment in it");
  return read;
}

async function readSegment(
  { path, first, last }: SegmentFile,
  { reading, before }: { readonly reading: BackupReading; readonly before: BackupRead | undefined },
): Promise<BackupRead> {
  const lines = linesOf(path);
  try {
    const head = await lines.next();
    if (head.done === true) throw new BadLine(1, "it is empty");
    const { key, note } = headIn(head.value);
    if (before !== undefined && key !== before.anchor.verifier.text)
      throw new BadLine(1, `it is signed with another key than the one before it: found ${key}`);
    const anchor = before?.anchor ?? anchorOf(key, { trusted: reading.trusted, line: 1 });
    const { sink, onEntry } = reading;
    const check =
      before?.check ??
      new ExportCheck(
        {
          ...{ anchor, whole: true },
          ...(sink === undefined ? {} : { sink }),
          ...(onEntry === undefined ? {} : { onEntry }),
        },
        await loadFamilyEngine(),
      );
    const checkpoint = signedBy(note, { anchor, what: "its checkpoint", line: 1 });
    if (check.size !== first - 1 || checkpoint.size !== last)
      throw new BadLine(1, `it holds other entries than its name says: they end at ${checkpoint.size}`);
    check.begin({ checkpoint, note });
    for await (const line of lines) {
      check.take(line);
      const settling = reading.settle?.();
      if (settling !== undefined) await settling;
    }
    return { check, found: check.finish(), anchor, head: { size: last, note } };
  } finally {
    await lines.return();
  }
}

function headIn(line: Line): { readonly key: string; readonly note: string } {
  const fields = objectIn(line);
  if (fields["toka"] !== "export" || fields["format"] !== 1) throw new BadLine(1, "it is no export of format 1");
  return { key: textIn(fields, { name: "key", line: 1 }), note: textIn(fields, { name: "checkpoint", line: 1 }) };
}
