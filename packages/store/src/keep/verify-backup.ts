/** Verifies a backup with nothing but its folder, and what whoever verifies trusts already. */
import { StoreFailure } from "../failure.ts";
import type { Trusted } from "../proof/anchor.ts";
import { noEntries, selfSigned, type EntryVerdict, type FileVerdict } from "../proof/file-verdict.ts";
import { BadSegment, readBackup } from "./read-backup.ts";

/** How a backup is verified. */
export interface VerifyBackupOptions extends Trusted {
  /** Folder of the backup. */
  readonly path: string;
  /** Told of each entry, in order, before the whole is known to hold. */
  readonly onEntry?: (position: number, verdict: EntryVerdict) => void;
}

const nothingFound: Omit<FileVerdict, "ok"> = {
  kind: "backup",
  log: null,
  entries: noEntries,
  payloads: { whole: 0, absent: 0, erased: 0 },
  size: null,
  signedBy: "file",
  continues: null,
  unproved: [],
};

/**
 * Verifies a backup: every entry is decided again, every payload compared, every checkpoint opened.
 *
 * @param options where it is, and what is trusted
 * @returns the verdict
 * @throws the system's error when it cannot be read
 */
export async function verifyBackup(options: VerifyBackupOptions): Promise<FileVerdict> {
  const { path, key, checkpoint, onEntry } = options;
  const trusted = { ...(key === undefined ? {} : { key }), ...(checkpoint === undefined ? {} : { checkpoint }) };
  try {
    const hear = onEntry === undefined ? {} : { onEntry };
    const { check, found, anchor } = await readBackup({ dir: path, trusted, ...hear });
    const [absent] = check.absent;
    if (absent !== undefined)
      return bad({ line: 0, reason: `the payload ${absent} is missing, and an entry names it` });
    const { attested } = found.entries;
    const unproved = [
      ...(attested === 0 ? [] : [`the values that the host vouched for in ${attested} entries`]),
      ...(anchor.by === "file" ? [selfSigned] : []),
      ...(anchor.older === undefined || found.continues !== null
        ? []
        : [`that the backup continues the checkpoint given: it ends before entry ${anchor.older.size}`]),
    ];
    const ok = checkpoint === undefined || found.continues !== null;
    return { ...nothingFound, ...found, ok, signedBy: anchor.by, unproved };
  } catch (thrown) {
    if (thrown instanceof BadSegment) return bad({ line: thrown.line, reason: `${thrown.file}: ${thrown.message}` });
    if (thrown instanceof StoreFailure && thrown.code === "backup_damaged")
      return bad({ line: 0, reason: thrown.message });
    throw thrown;
  }
}

function bad(firstBad: { readonly line: number; readonly reason: string }): FileVerdict {
  return { ...nothingFound, ok: false, firstBad };
}
