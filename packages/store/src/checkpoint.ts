/**
 * Checkpoints: the head of a log as a signed note that a witness can keep.
 *
 * The text is the C2SP form (origin, size, root) with two extension lines: the digest of the state after that many
 * entries, and the size of the checkpoint before, so that one taken out of the row of them is missed.
 * Source: https://c2sp.org/tlog-checkpoint, docs/format.md.
 */
import { digestBytes, isDigest } from "./digest.ts";
import { openNote, signNote, type NoteSigner, type NoteVerifier } from "./note.ts";

/** Purpose under which the log records the key that signs its checkpoints. */
export const checkpointKeyPurpose = "checkpoint";

/** What a checkpoint says. */
export interface Checkpoint {
  /** Which log: `toka/vault-…`. */
  readonly origin: string;
  /** Entries covered. */
  readonly size: number;
  /** Root of the Merkle tree over their digests, 32 bytes. */
  readonly root: Uint8Array;
  /** `sha256:…` of the state after the last of them. */
  readonly state: string;
  /** Size of the checkpoint before; 0 for the first. */
  readonly previous: number;
}

/**
 * The origin of a vault's log, which is also the name of the key that signs for it.
 *
 * @returns `toka/vault-…`
 */
export function originOf(vault: string): string {
  return `toka/${vault}`;
}

/**
 * Signs a checkpoint.
 *
 * @returns the note
 */
export function signCheckpoint(checkpoint: Checkpoint, signer: NoteSigner): string {
  return signNote(checkpointText(checkpoint), signer);
}

/**
 * Reads a checkpoint and checks its signature.
 *
 * @returns what it says, or undefined when the key did not sign it or it is not in canonical form
 */
export function openCheckpoint(note: string, verifier: NoteVerifier): Checkpoint | undefined {
  const text = openNote(note, verifier);
  if (text === undefined) return undefined;
  const [origin, size, root, state, previous] = text.split("\n");
  if (origin === undefined || size === undefined || root === undefined) return undefined;
  const checkpoint: Checkpoint = {
    origin,
    size: Number(size),
    root: Buffer.from(root, "base64"),
    state: state?.replace(/^state /, "") ?? "",
    previous: Number(previous?.replace(/^previous /, "")),
  };
  if (checkpoint.root.length !== digestBytes || !isDigest(checkpoint.state)) return undefined;
  // Only one text says this: another spelling of the same facts is not ours.
  return checkpointText(checkpoint) === text ? checkpoint : undefined;
}

function checkpointText({ origin, size, root, state, previous }: Checkpoint): string {
  return `${origin}\n${size}\n${Buffer.from(root).toString("base64")}\nstate ${state}\nprevious ${previous}\n`;
}
