/**
 * Which payloads an operation's entry refers to, and which of them it brings.
 *
 * A content that is named must be in the log already or come with the operation: an entry whose content nobody can
 * produce would prove nothing. That is a failure before anything is decided, not a refusal: the caller has lost bytes.
 */
import type { Content } from "@toka/kernel";
import type { Brought } from "./contents.ts";
import { StoreFailure } from "./failure.ts";
import type { PayloadReference } from "./log.ts";

/** Size of the payload with a commitment that is stored, or will be by the same append. */
export type StoredSizes = ReadonlyMap<string, number>;

/** Contents that an operation names, and the payloads that came with it by commitment. */
export interface NamedContents {
  readonly contents: readonly Content[];
  readonly drafts: ReadonlyMap<string, Brought>;
}

/**
 * Commitments for which the log must be asked: those that come without their bytes, and those whose bytes name others.
 *
 * @returns the commitments
 */
export function unsettledOf({ contents, drafts }: NamedContents): readonly string[] {
  const unsettled: string[] = [];
  const look = ({ commitment }: Content): void => {
    const draft = drafts.get(commitment);
    if (draft === undefined || draft.references.length > 0) unsettled.push(commitment);
  };
  contents.forEach(look);
  for (const draft of drafts.values()) draft.references.forEach(look);
  return unsettled;
}

/**
 * The references of an entry in order: each content where the operation names it, and after a payload that is stored
 * now, the contents that it names itself.
 *
 * @param named what the operation names and brings
 * @param sizes of what is stored already
 * @returns the references
 * @throws StoreFailure `payload_missing`, or `payload_mismatch` when a size is not that of the bytes
 */
export function referencesOf(named: NamedContents, sizes: StoredSizes): readonly PayloadReference[] {
  const found: PayloadReference[] = [];
  const added = new Map<string, number>();
  // What names one content alone, and that no other, names none twice.
  const alone = named.contents.length === 1;
  const refer = ({ commitment, size }: Content): void => {
    const stored = added.get(commitment) ?? sizes.get(commitment);
    const draft = stored === undefined ? named.drafts.get(commitment) : undefined;
    if (stored === undefined && draft === undefined) throw missing(commitment);
    const actual = stored ?? draft?.bytes.length;
    if (actual !== size) throw mismatch(commitment, `found ${actual} bytes, wanted ${size}`);
    if (draft === undefined) {
      found.push({ commitment });
      return;
    }
    const { salt, bytes, references: children } = draft;
    found.push({
      commitment,
      stored: { commitment, size, salt, bytes, children: children.map((child) => child.commitment) },
      fresh: draft.takeFresh(),
    });
    if (alone && children.length === 0) return;
    added.set(commitment, size);
    for (const child of children) refer(child);
  };
  for (const content of named.contents) refer(content);
  return found;
}

/**
 * The failure of a draft or content whose bytes are not what is said of them.
 *
 * @returns a failure `payload_mismatch`
 */
export function mismatch(commitment: string, state: string): StoreFailure {
  return new StoreFailure("payload_mismatch", {
    message: `Cannot keep payload ${commitment}: ${state}`,
    retry: "never",
  });
}

function missing(commitment: string): StoreFailure {
  return new StoreFailure("payload_missing", {
    message: `Cannot submit the operation: it names payload ${commitment}, which is neither stored nor supplied with it`,
    retry: "never",
  });
}
