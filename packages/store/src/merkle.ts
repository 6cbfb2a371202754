/**
 * The Merkle tree over entry digests, kept as a compact range: the roots of the perfect subtrees that the size's binary
 * digits name, largest first. Appending costs one hash on average and the range never holds more than 53 of them.
 * Source: RFC 9162 section 2.1 (SHA-256, leaf prefix 0x00, node prefix 0x01).
 */
import { hash } from "node:crypto";
import { digestBytes } from "./digest.ts";

const nodeBytes = 1 + 2 * digestBytes;
const prefixChars = "sha256:".length;
const digestChars = 43;
const asText = "base64url";

/** A tree of `size` leaves as its peaks, each 32 bytes, the largest subtree first. */
export class CompactRange {
  #size: number;
  // In the text form of digests: as text a hash costs a third of what it costs as a Buffer, and a leaf comes as text.
  readonly #peaks: string[];
  // One buffer for all node hashes: the tree is fed on the writer's path.
  readonly #node: Buffer = Buffer.alloc(nodeBytes, 1);

  /**
   * @param from a tree to go on from: its size and its peaks as digests
   * @throws RangeError when the number of peaks does not fit the size
   */
  constructor(from: { readonly size: number; readonly peaks: readonly Uint8Array[] } = { size: 0, peaks: [] }) {
    if (from.peaks.length !== countOnes(from.size) || from.peaks.some((peak) => peak.length !== digestBytes))
      throw new RangeError(
        `Cannot resume a tree of ${from.size} leaves: found ${from.peaks.length} peaks, wanted ${countOnes(from.size)} of ${digestBytes} bytes`,
      );
    this.#size = from.size;
    this.#peaks = from.peaks.map((peak) => Buffer.from(peak).toString(asText));
  }

  /** Leaves so far. */
  get size(): number {
    return this.#size;
  }

  /** The peaks, largest subtree first. */
  get peaks(): readonly Uint8Array[] {
    return this.#peaks.map((peak) => Buffer.from(peak, asText));
  }

  /**
   * Appends one leaf.
   *
   * @param digest the entry's digest, which is already the leaf hash
   */
  append(digest: string): void {
    // Taken without a further look at its form, which costs more than the hash: this is the digest that was just computed.
    const carried = digest.slice(prefixChars);
    if (carried.length !== digestChars) throw new RangeError(`Cannot append a leaf: "${digest}" is no digest`);
    this.#append(carried, 1);
  }

  /**
   * Appends a perfect subtree whose leaves are not at hand.
   *
   * @param hash its root, 32 bytes
   * @param level 0 for a leaf
   * @throws RangeError when no subtree of this level begins at the end of the tree
   */
  appendSubtree(hash: Uint8Array, level: number): void {
    const width = 2 ** level;
    if (this.#size % width !== 0)
      throw new RangeError(`Cannot append a subtree of ${width} leaves: the tree has ${this.#size}`);
    this.#append(Buffer.from(hash).toString(asText), width);
  }

  #append(hash: string, width: number): void {
    let carried = hash;
    // Each trailing one of the size is a subtree as large as what is carried: join them.
    for (let rest = this.#size / width; rest % 2 === 1; rest = Math.floor(rest / 2)) {
      const left = this.#peaks.pop();
      if (left === undefined) throw new Error(`Cannot append leaf ${this.#size + 1}: a peak is missing`);
      carried = this.#join(left, carried);
    }
    this.#peaks.push(carried);
    this.#size += width;
  }

  /**
   * The root over all leaves so far.
   *
   * @returns 32 bytes; for the empty tree the hash of nothing
   */
  root(): Buffer {
    const last = this.#peaks.at(-1);
    if (last === undefined) return hash("sha256", "", "buffer");
    let root = last;
    for (let index = this.#peaks.length - 2; index >= 0; index -= 1) {
      const left = this.#peaks[index];
      if (left !== undefined) root = this.#join(left, root);
    }
    return Buffer.from(root, asText);
  }

  #join(left: string, right: string): string {
    this.#node.write(left, 1, asText);
    this.#node.write(right, 1 + digestBytes, asText);
    return hash("sha256", this.#node, asText);
  }
}

function countOnes(size: number): number {
  let ones = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) ones += rest % 2;
  return ones;
}
