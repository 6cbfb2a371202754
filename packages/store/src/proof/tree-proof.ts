/**
 * Proofs over the tree: that an entry is in it, and that a smaller tree is the beginning of it. Making and checking, both
 * pure but for the hashes of subtrees, which whoever makes a proof is given.
 * Source: RFC 9162 sections 2.1.3 (inclusion) and 2.1.4 (consistency).
 */
import { hash } from "node:crypto";
import { digestBytes } from "../digest.ts";

/** Hash over the leaves from `begin` up to and without `end`, as the tree over all of them has it. */
export type RangeHash = (begin: number, end: number) => Promise<Buffer>;

/** Hashes that a proof holds at most: two for each level of a tree of 2 to the power of 53 leaves. */
export const pathHashesMax = 106;

/**
 * The hash of an inner node.
 *
 * @returns 32 bytes
 */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([Buffer.of(1), left, right]), "buffer");
}

/**
 * The largest power of two below a number, where a tree of so many leaves splits.
 *
 * @param size above 1
 * @returns the power
 */
export function splitOf(size: number): number {
  let split = 1;
  while (split * 2 < size) split *= 2;
  return split;
}

/**
 * The path of a leaf to the root: what it is joined with, from the leaf upwards.
 *
 * @param index of the leaf, from 0; below `size`
 * @param tree its size and its subtrees
 * @returns 32 bytes each
 */
export async function inclusionPath(
  index: number,
  { size, hashOf }: { readonly size: number; readonly hashOf: RangeHash },
): Promise<readonly Buffer[]> {
  const path: Buffer[] = [];
  for (let [begin, end] = [0, size]; end - begin > 1;) {
    const middle = begin + splitOf(end - begin);
    if (index < middle) {
      path.push(await hashOf(middle, end));
      end = middle;
    } else {
      path.push(await hashOf(begin, middle));
      begin = middle;
    }
  }
  return path.toReversed();
}

/**
 * What shows that the tree of `size` begins with the tree of `from` leaves.
 *
 * @param from of the smaller tree: from 1 to `size`
 * @param tree the larger tree's size and subtrees
 * @returns 32 bytes each; nothing when both are the same
 */
export async function consistencyPath(
  from: number,
  { size, hashOf }: { readonly size: number; readonly hashOf: RangeHash },
): Promise<readonly Buffer[]> {
  const path: Buffer[] = [];
  let [begin, end] = [0, size];
  // The smaller tree's own root is known to who asks, as long as it is a subtree of the larger one.
  let known = true;
  while (end !== from) {
    const middle = begin + splitOf(end - begin);
    if (from <= middle) {
      path.push(await hashOf(middle, end));
      end = middle;
    } else {
      path.push(await hashOf(begin, middle));
      begin = middle;
      known = false;
    }
  }
  if (!known) path.push(await hashOf(begin, end));
  return path.toReversed();
}

/**
 * The root that an inclusion proof gives for a leaf.
 *
 * @param leaf its hash
 * @param proof index from 0, size of the tree, and the path
 * @returns 32 bytes; undefined when the path cannot be one of this leaf in a tree of this size
 */
export function rootFromInclusion(
  leaf: Uint8Array,
  { index, size, path }: { readonly index: number; readonly size: number; readonly path: readonly Uint8Array[] },
): Buffer | undefined {
  if (index < 0 || index >= size || !areHashes([leaf, ...path])) return undefined;
  let [node, last] = [index, size - 1];
  let root: Buffer = Buffer.from(leaf);
  for (const part of path) {
    if (last === 0) return undefined;
    if (node % 2 === 1 || node === last) {
      root = nodeHash(part, root);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else root = nodeHash(root, part);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 ? root : undefined;
}

/** Two trees, and what is to show that the larger begins with the smaller. */
export interface ConsistencyProof {
  readonly from: number;
  readonly to: number;
  readonly rootFrom: Uint8Array;
  readonly rootTo: Uint8Array;
  readonly path: readonly Uint8Array[];
}

/**
 * Whether a proof shows that the larger tree begins with the smaller.
 *
 * @returns true when it does
 */
export function isConsistent({ from, to, rootFrom, rootTo, path }: ConsistencyProof): boolean {
  if (from < 1 || from > to || !areHashes([rootFrom, rootTo, ...path])) return false;
  if (from === to) return path.length === 0 && same(rootFrom, rootTo);
  // A smaller tree that is one perfect subtree is the first part of the path itself.
  const parts = isPowerOfTwo(from) ? [rootFrom, ...path] : path;
  const [first, ...rest] = parts;
  if (first === undefined || path.length === 0) return false;
  let [node, last] = [from - 1, to - 1];
  while (node % 2 === 1) [node, last] = [half(node), half(last)];
  let [smaller, larger]: [Buffer, Buffer] = [Buffer.from(first), Buffer.from(first)];
  for (const part of rest) {
    if (last === 0) return false;
    if (node % 2 === 1 || node === last) {
      smaller = nodeHash(part, smaller);
      larger = nodeHash(part, larger);
      while (node % 2 === 0 && node !== 0) [node, last] = [node / 2, half(last)];
    } else larger = nodeHash(larger, part);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && same(smaller, rootFrom) && same(larger, rootTo);
}

// Positions go beyond 32 bits, to which shifts would cut them.
function half(value: number): number {
  return Math.floor(value / 2);
}

function isPowerOfTwo(value: number): boolean {
  let rest = value;
  while (rest % 2 === 0 && rest > 0) rest /= 2;
  return rest === 1;
}

function areHashes(values: readonly Uint8Array[]): boolean {
  return values.length <= pathHashesMax && values.every((value) => value.length === digestBytes);
}

function same(left: Uint8Array, right: Uint8Array): boolean {
  return Buffer.from(left).equals(right);
}
