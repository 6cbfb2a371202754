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
import { isErased, notErasable } from "./log-order.ts";

/** What is known of payloads that are stored, or will be by the same append. */
export interface StoredPayloads {
  /** Sizes of those that are there, by commitment. */
  readonly sizes: ReadonlyMap<string, number>;
  /** Those that were erased. */
  readonly erased: ReadonlySet<string>;
  /** Those that are there, and lie with a parent. */
  readonly elsewhere: ReadonlySet<string>;
}

/** Contents that an operation names, and the payloads that came with it by commitment. */
export interface NamedContents {
  readonly contents: readonly Content[];
  readonly drafts: ReadonlyMap<string, Brought>;
  /** Payloads that the operation erases. */
  readonly erases: readonly string[];
}

/**
 * Commitments for which the log must be asked: those that come without their bytes, or with bytes that it may hold already,
 * those whose bytes name others, and those to be erased.
 *
 * @returns the commitments
 */
export function unsettledOf({ contents, drafts, erases }: NamedContents): readonly string[] {
  const unsettled: string[] = [...erases];
  const look = ({ commitment }: Content): void => {
    const draft = drafts.get(commitment);
    if (draft === undefined || draft.references.length > 0 || !draft.isFresh()) unsettled.push(commitment);
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
 * @param known what is stored already, and what was erased
 * @returns the references
 * @throws StoreFailure `payload_missing`, `payload_erased`, or `payload_mismatch` when a size is not that of the bytes
 */
export function referencesOf(named: NamedContents, { sizes, erased }: StoredPayloads): readonly PayloadReference[] {
  const found: PayloadReference[] = [];
  const added = new Map<string, number>();
  // What names one content alone, and that no other, names none twice.
  const alone = named.contents.length === 1;
  const refer = ({ commitment, size }: Content): void => {
    if (erased.has(commitment) || named.erases.includes(commitment)) throw isErased(commitment);
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
 * Looks whether an operation erases what is there to be erased.
 *
 * @param named what the operation names and erases
 * @param known what is stored
 * @throws StoreFailure `payload_missing`, or `payload_with_parent`
 */
export function checkErasures({ erases }: NamedContents, { sizes, elsewhere }: StoredPayloads): void {
  for (const commitment of erases) {
    if (!sizes.has(commitment)) throw notErasable(commitment);
    if (elsewhere.has(commitment)) throw withParent(commitment);
  }
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

function withParent(commitment: string): StoreFailure {
  return new StoreFailure("payload_with_parent", {
    message: `Cannot erase payload ${commitment}: it lies with the vault that this one is a fork of, and is erased there`,
    retry: "never",
  });
}

function missing(commitment: string): StoreFailure {
  return new StoreFailure("payload_missing", {
    message: `Cannot submit the operation: it names payload ${commitment}, which is neither stored nor supplied with it`,
    retry: "never",
  });
}
