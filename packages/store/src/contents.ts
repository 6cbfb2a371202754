/** Contents: sealing bytes into a payload draft, and finding the contents that an operation names. */
import { hash, randomBytes } from "node:crypto";
import type { Content, PayloadDraft } from "@toka/kernel";
import { StoreFailure } from "./failure.ts";
import { payloadBytesMax, saltBytes } from "./limits.ts";

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
  const salt = freshSalt();
  const draft = {
    content: { commitment: commitmentOf({ salt, bytes: content }), size: content.length },
    salt,
    bytes: content,
  };
  return references.length === 0 ? draft : { ...draft, references };
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
  return `sha256:${hash("sha256", Buffer.concat([salt, bytes]), "base64url")}`;
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
function collect(value: unknown, found: Content[]): void {
  if (typeof value !== "object" || value === null) return;
  if (isContent(value)) found.push(value);
  else for (const part of Object.values(value)) collect(part, found);
}

function isContent(value: object): value is Content {
  return (
    "commitment" in value && "size" in value && typeof value.commitment === "string" && typeof value.size === "number"
  );
}
