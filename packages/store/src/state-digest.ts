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
const bucketPrefix = Buffer.of(1);
const rootPrefix = Buffer.of(2);
const emptyBucket = Buffer.alloc(digestBytes);

interface Bucket {
  readonly leaves: Map<string, Buffer>;
  digest: Buffer;
}

/** The digest of a set of entities, kept up to date entity by entity. */
export class StateDigest {
  readonly #buckets: readonly Bucket[] = Array.from({ length: bucketCount }, () => ({
    leaves: new Map<string, Buffer>(),
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
    const bucket = this.#buckets[hash("sha256", key, "buffer")[0] ?? 0];
    if (bucket === undefined) return;
    if (encoding === undefined) bucket.leaves.delete(key);
    else bucket.leaves.set(key, hash("sha256", `\0${key}\0${encoding}`, "buffer"));
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

function bucketDigest({ leaves }: Bucket): Buffer {
  if (leaves.size === 0) return emptyBucket;
  const keys = [...leaves.keys()].toSorted(byCodeUnit);
  return hashParts([bucketPrefix, ...keys.map((key) => leaves.get(key) ?? emptyBucket)]);
}

/** Keys are ASCII, so this is also the order of their bytes; the locale must not matter. */
function byCodeUnit(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}
