/**
 * The digest of the state: what a checkpoint signs beside the tree, so that state and log can be compared without either.
 *
 * Entities fall into 256 buckets by the first byte of their key's hash. Only what changed is hashed again, and another
 * implementation needs nothing but the entities to come to the same 32 bytes.
 * Source: docs/format.md, section "State digest".
 */
import { hash } from "node:crypto";
import { digestBytes, hashParts } from "./digest.ts";

const bucketCount = 256;
const bucketPrefix = 1;
const rootPrefix = Buffer.of(2);
const emptyBucket = Buffer.alloc(digestBytes);

// A hash as a text of one character a byte costs a third of what a Buffer of its own does, in time and in memory, and there
// is one for every live entity.
const asText = "binary";

interface Bucket {
  /** The leaf of each key, a character a byte. */
  readonly leaves: Map<string, string>;
  /** The keys in the order of their bytes, as they were when the digest was taken last; after it, those that came since. */
  keys: string[];
  came: boolean;
  went: boolean;
  digest: Buffer;
}

/** The digest of a set of entities, kept up to date entity by entity. */
export class StateDigest {
  readonly #buckets: readonly Bucket[] = Array.from({ length: bucketCount }, () => ({
    leaves: new Map<string, string>(),
    keys: [],
    came: false,
    went: false,
    digest: emptyBucket,
  }));
  readonly #stale = new Set<Bucket>();

  /**
   * Takes over one entity as it is now.
   *
   * @param key for instance `agents/agent-17-0`
   * @param encoding the kernel's encoding of it, or undefined when it is gone
   */
  set(key: string, encoding: string | undefined): void {
    const bucket = this.#buckets[hash("sha256", key, asText).charCodeAt(0)];
    if (bucket === undefined) return;
    if (encoding === undefined) {
      if (!bucket.leaves.delete(key)) return;
      bucket.went = true;
    } else {
      if (!bucket.leaves.has(key)) {
        bucket.keys.push(key);
        bucket.came = true;
      }
      bucket.leaves.set(key, hash("sha256", `\0${key}\0${encoding}`, asText));
    }
    this.#stale.add(bucket);
  }

  /**
   * The digest over all entities.
   *
   * @returns 32 bytes
   */
  root(): Buffer {
    for (const bucket of this.#stale) bucket.digest = bucketDigest(bucket);
    this.#stale.clear();
    return hashParts([rootPrefix, ...this.#buckets.map((bucket) => bucket.digest)]);
  }
}

function bucketDigest(bucket: Bucket): Buffer {
  const { leaves } = bucket;
  if (leaves.size === 0) {
    bucket.keys = [];
    bucket.came = false;
    bucket.went = false;
    return emptyBucket;
  }
  putInOrder(bucket);
  const parts = Buffer.allocUnsafe(1 + leaves.size * digestBytes);
  parts[0] = bucketPrefix;
  let at = 1;
  for (const key of bucket.keys) at += parts.write(leaves.get(key) ?? "", at, asText);
  return hash("sha256", parts, "buffer");
}

/** Most entities only change and neither come nor go, and then the order stands. */
function putInOrder(bucket: Bucket): void {
  const { leaves } = bucket;
  if (bucket.went) bucket.keys = bucket.keys.filter((key) => leaves.has(key));
  // What is in order already is merged with what came, not sorted again.
  if (bucket.came) bucket.keys.sort(byCodeUnit);
  // Who went and came back stands there twice.
  if (bucket.went && bucket.came) bucket.keys = bucket.keys.filter((key, index, keys) => key !== keys[index - 1]);
  bucket.came = false;
  bucket.went = false;
}

/** Keys are ASCII, so this is also the order of their bytes; the locale must not matter. */
function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
