/** What verification of a file came to: how much is proved of each entry, what is not, and the first line that differs. */

/**
 * How much is proved of one entry.
 *
 * - `re-decided`: it was decided again from everything before it, and came out the same
 * - `attested`: the same, and the decision rests on values that the host vouched for
 * - `included`: its bytes stand in the log that the checkpoint signs
 * - `hash only`: it hangs together with the entries around it, and nobody signed for it
 */
export type EntryVerdict = "re-decided" | "attested" | "included" | "hash only";

/** Entries by verdict; one that is `attested` counts there alone. */
export type VerdictCounts = Readonly<Record<EntryVerdict, number>>;

/** Payloads of an export. */
export interface PayloadCounts {
  /** Their bytes are those committed to. */
  readonly whole: number;
  /** Named by an entry of the file, and not in it, without an entry of it that erased them. */
  readonly absent: number;
  /** Named by an entry of the file, and erased by another one of it. */
  readonly erased: number;
}

/** What verification of a file came to. */
export interface FileVerdict {
  /** All that was asked holds: nothing differs, and a checkpoint that was given could be compared. */
  readonly ok: boolean;
  readonly kind: "inclusion" | "consistency" | "checkpoint" | "export" | "backup";
  /** Whose log it is: `toka/vault-…`; null when the file did not come so far. */
  readonly log: string | null;
  readonly entries: VerdictCounts;
  readonly payloads: PayloadCounts;
  /** Entries that the checkpoint of the file covers; null without one. */
  readonly size: number | null;
  /** What vouches for the key that signed; `file` is nobody but the file itself. */
  readonly signedBy: "key" | "checkpoint" | "file";
  /** Size of the older checkpoint that the log is proved to continue; null when none was given, or it could not be compared. */
  readonly continues: number | null;
  /** What remains unproved, in words. */
  readonly unproved: readonly string[];
  /** The first thing that differs; line 0 is the whole. */
  readonly firstBad?: { readonly line: number; readonly reason: string };
}

/** No entries. */
export const noEntries: VerdictCounts = { "re-decided": 0, attested: 0, included: 0, "hash only": 0 };

/** What is said about a key that nobody but the file vouches for. */
export const selfSigned =
  "whose log this is: the key is taken from the file itself (self-signed); give --key or --checkpoint";
