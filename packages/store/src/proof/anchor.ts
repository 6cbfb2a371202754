/**
 * What a file is held against: a public key, or an older checkpoint, that whoever verifies has from somewhere else. Without
 * one a file can show that it holds together, and not whose it is.
 */
import { openCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { verifierOf, type NoteVerifier } from "../note.ts";
import { BadLine } from "./read-lines.ts";

/** What whoever verifies knows already. */
export interface Trusted {
  /** Public key in the text form of signed notes, `name+id+base64`. */
  readonly key?: string;
  /** An older checkpoint, a signed note. */
  readonly checkpoint?: string;
}

/** A key out of a file, held against what is trusted. */
export interface Anchor {
  readonly verifier: NoteVerifier;
  /** What vouches for the key; `file` is nobody but the file itself. */
  readonly by: "key" | "checkpoint" | "file";
  /** The older checkpoint, signed by this key. */
  readonly older: Checkpoint | undefined;
}

/**
 * Holds the key that a file names against what is trusted.
 *
 * @param text of the key, as the file names it
 * @param options what is trusted, and the line of the file
 * @returns the anchor
 * @throws BadLine when it is no key, or not the one that is trusted
 */
export function anchorOf(
  text: string,
  { trusted, line }: { readonly trusted: Trusted; readonly line: number },
): Anchor {
  const verifier = verifierOf(text);
  if (verifier === undefined) throw new BadLine(line, `its key is not one: found "${text.slice(0, 80)}"`);
  if (trusted.key !== undefined && trusted.key !== verifier.text)
    throw new BadLine(
      line,
      `it is signed with another key than the one given: found ${verifier.text}, wanted ${trusted.key}`,
    );
  const older = trusted.checkpoint === undefined ? undefined : openCheckpoint(trusted.checkpoint, verifier);
  if (trusted.checkpoint !== undefined && older === undefined)
    throw new BadLine(line, `the checkpoint given is not signed with the key of this file, ${verifier.text}`);
  if (trusted.key !== undefined) return { verifier, by: "key", older };
  return { verifier, by: older === undefined ? "file" : "checkpoint", older };
}

/**
 * Opens a checkpoint that a file holds.
 *
 * @param note as the file has it
 * @param options the anchor, what to call the checkpoint, and the line
 * @returns what it says
 * @throws BadLine when the key did not sign it, or it is of another log than its key
 */
export function signedBy(
  note: string,
  { anchor, what, line }: { readonly anchor: Anchor; readonly what: string; readonly line: number },
): Checkpoint {
  const checkpoint = openCheckpoint(note, anchor.verifier);
  if (checkpoint === undefined) throw new BadLine(line, `${what} is not signed with the key ${anchor.verifier.text}`);
  if (checkpoint.origin !== anchor.verifier.name)
    throw new BadLine(line, `${what} is of the log ${checkpoint.origin}, and its key is of ${anchor.verifier.name}`);
  return checkpoint;
}

/**
 * Compares a root with that of the older checkpoint.
 *
 * @throws BadLine when it is another: the log was rewritten, or is another one
 */
export function compareOlder(
  root: Uint8Array,
  { older, line }: { readonly older: Checkpoint; readonly line: number },
): void {
  if (!Buffer.from(root).equals(Buffer.from(older.root)))
    throw new BadLine(
      line,
      `the first ${older.size} entries are not those of the checkpoint given: the log was rewritten after it, or is another`,
    );
}
