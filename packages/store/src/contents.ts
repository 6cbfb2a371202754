/** Contents: sealing bytes into a payload draft, and finding the contents that an operation names. */
import { hash, randomBytes } from "node:crypto";
import type { Content, PayloadDraft } from "@toka/kernel";
import { StoreFailure } from "./failure.ts";
import { payloadBytesMax, saltBytes, sealedCopyBytesMax } from "./limits.ts";

/** Salts drawn from the system at once. */
const saltsAtOnce = 256;

/**
 * Salts bytes and commits to them. Nothing is stored.
 *
 * @param bytes at most `payloadBytesMax`; a string is taken as UTF-8
 * @param references contents that these bytes name
 * @returns the draft
 * @throws StoreFailure `payload_too_large`
 */
export function seal(bytes: Uint8Array | string, references: readonly Content[] = []): PayloadDraft {
  const content = typeof bytes === "string" ? Buffer.from(bytes) : bytes;
  if (content.length > payloadBytesMax)
    throw new StoreFailure("payload_too_large", {
      message: `Cannot keep a payload: found ${content.length} bytes, wanted at most ${payloadBytesMax}`,
      retry: "never",
    });
  return new Sealed(freshSalt(), content, references);
}

/** A payload that came with an operation, its salt and bytes those committed to. */
export interface Brought {
  readonly salt: Uint8Array;
  readonly bytes: Uint8Array;
  /** Contents that the bytes name. */
  readonly references: readonly Content[];
  /** Whether the log certainly does not hold it. Only the first who asks is told so: it may be stored from then on. */
  takeFresh(): boolean;
  /** Whether it would be told so. */
  isFresh(): boolean;
}

/**
 * What a draft brings. Its bytes could have been changed since they were sealed; what is stored must be what is committed to.
 *
 * @returns the payload, or undefined when salt and bytes are not those committed to, or the salt is no salt
 */
export function broughtBy(draft: PayloadDraft): Brought | undefined {
  const kept = draft instanceof Sealed ? draft.kept() : undefined;
  if (kept !== undefined) return kept;
  if (commitmentOf(draft) !== draft.content.commitment) return undefined;
  const { salt, bytes, references = [] } = draft;
  if (salt.length !== saltBytes) return undefined;
  const sealed = draft instanceof Sealed ? draft : undefined;
  const fresh = { takeFresh: () => sealed?.takeFresh() === true, isFresh: () => sealed?.isFresh() === true };
  return { salt, bytes, references, ...fresh };
}

/** A draft that was sealed here. A small one keeps a copy to itself, so that nobody has to hash it again. */
class Sealed implements PayloadDraft {
  readonly content: Content;
  readonly salt: Uint8Array;
  readonly bytes: Uint8Array;
  readonly references?: readonly Content[];
  readonly #copy: Buffer | undefined;
  // A salt was drawn for it, so nothing that was stored before can have its commitment.
  #fresh = true;

  constructor(salt: Uint8Array, bytes: Uint8Array, references: readonly Content[]) {
    const whole = Buffer.concat([salt, bytes]);
    this.content = { commitment: commitmentTo(whole), size: bytes.length };
    this.salt = salt;
    this.bytes = bytes;
    if (references.length > 0) this.references = references;
    if (bytes.length <= sealedCopyBytesMax) this.#copy = whole;
  }

  isFresh(): boolean {
    return this.#fresh;
  }

  takeFresh(): boolean {
    const fresh = this.#fresh;
    this.#fresh = false;
    return fresh;
  }

  kept(): Brought | undefined {
    const copy = this.#copy;
    if (copy === undefined) return undefined;
    return {
      salt: copy.subarray(0, saltBytes),
      bytes: copy.subarray(saltBytes),
      references: this.references ?? [],
      takeFresh: () => this.takeFresh(),
      isFresh: () => this.#fresh,
    };
  }
}

const salts = { bytes: randomBytes(saltsAtOnce * saltBytes), used: 0 };

/** Random bytes come dear one by one, and cheap by the page. */
function freshSalt(): Uint8Array {
  if (salts.used === saltsAtOnce) {
    salts.bytes = randomBytes(saltsAtOnce * saltBytes);
    salts.used = 0;
  }
  const from = saltBytes * salts.used;
  salts.used += 1;
  // A copy: what is kept for long must not keep the page.
  return Uint8Array.prototype.slice.call(salts.bytes, from, from + saltBytes);
}

/**
 * The commitment to salted bytes: SHA-256 of the salt followed by the bytes.
 *
 * @returns `sha256:…`
 */
export function commitmentOf({ salt, bytes }: { readonly salt: Uint8Array; readonly bytes: Uint8Array }): string {
  return commitmentTo(Buffer.concat([salt, bytes]));
}

function commitmentTo(whole: Buffer): string {
  return `sha256:${hash("sha256", whole, "base64url")}`;
}

/**
 * Every content that an operation names, in the order in which the operation's text names them.
 *
 * @returns the contents, one for each time it is named
 */
export function contentsOf(operation: object): readonly Content[] {
  const found: Content[] = [];
  collect(operation, found);
  return found;
}

/** Operations have fixed shapes, so whatever has a commitment and a size is a content. */
function collect(value: object, found: Content[]): void {
  if (isContent(value)) found.push(value);
  else for (const part of Object.values(value)) if (typeof part === "object" && part !== null) collect(part, found);
}

function isContent(value: object): value is Content {
  return (
    "commitment" in value && "size" in value && typeof value.commitment === "string" && typeof value.size === "number"
  );
}
