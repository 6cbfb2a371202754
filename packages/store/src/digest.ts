/**
 * Digests: SHA-256 as the store uses it, in one place.
 *
 * A digest is written `sha256:` and 43 characters of base64url. Leaves and nodes carry the prefixes of RFC 9162, so
 * that the digest of an entry is the leaf of the tree and chain and tree are one thing.
 * Source: RFC 9162 section 2.1.1.
 */
import { hash } from "node:crypto";

const prefix = "sha256:";

/** Bytes of a SHA-256 digest. */
export const digestBytes = 32;

/** What the first entry names as its previous digest: 32 zero bytes, which nothing hashes to. */
export const zeroDigest: string = prefix + Buffer.alloc(digestBytes).toString("base64url");

const digestShape = /^sha256:[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/;

/**
 * The digest of an entry's stored text: SHA-256 of a zero byte and the text in UTF-8.
 *
 * @returns `sha256:…`
 */
export function leafDigest(text: string): string {
  if (3 * text.length >= leaf.length) return prefix + hash("sha256", `\0${text}`, "base64url");
  const end = 1 + leaf.write(text, 1);
  return prefix + hash("sha256", leaf.subarray(0, end), "base64url");
}

/** A zero byte and room for most texts: a text put together for each would be a kilobyte of garbage an entry. */
const leaf = Buffer.alloc(65_536);

/**
 * The digest of any bytes, without a prefix byte.
 *
 * @returns `sha256:…`
 */
export function digestOf(bytes: Uint8Array | string): string {
  return prefix + hash("sha256", bytes, "base64url");
}

/**
 * SHA-256 of the parts one after another.
 *
 * @returns 32 bytes
 */
export function hashParts(parts: readonly Uint8Array[]): Buffer {
  return hash("sha256", Buffer.concat(parts), "buffer");
}

/**
 * The 32 bytes behind a digest in text form.
 *
 * @returns the bytes
 * @throws RangeError when the text is not a digest in canonical form
 */
export function bytesOfDigest(digest: string): Buffer {
  if (!isDigest(digest))
    throw new RangeError(
      `Cannot read a digest: found "${digest.slice(0, 60)}", wanted sha256: and 43 characters of base64url`,
    );
  return Buffer.from(digest.slice(prefix.length), "base64url");
}

/**
 * The text form of 32 bytes.
 *
 * @returns `sha256:…`
 */
export function digestText(bytes: Uint8Array): string {
  return prefix + Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64url");
}

/**
 * Whether a text is a digest in canonical form (the unused low bits of the last character are zero).
 *
 * @returns true for `sha256:` and 43 characters of canonical base64url
 */
export function isDigest(text: string): boolean {
  return digestShape.test(text);
}
