/**
 * The inner nodes of the tree that proofs are made from, in the vault's file `tree`: of every perfect subtree of 256 leaves
 * its root, of every 256 of those the root over them, and so on, each written when it becomes complete. What lies between
 * two of these levels is hashed again from the 256 below, so that a proof costs the same in a log of any length.
 *
 * Nothing in the file is believed: whoever makes a proof compares it with a signed root, and has the file made again from
 * the log when it does not fit.
 */
import { open, type FileHandle } from "node:fs/promises";
import { bytesOfDigest, digestBytes } from "../digest.ts";
import { readEntriesMax } from "../limits.ts";
import type { Log } from "../log.ts";
import { nodeHash, splitOf } from "./tree-proof.ts";

/** Children of a node in the file: 8 levels of the tree. */
const fan = 256;
const fanLevels = 8;

/** What an index is made over. */
export interface TreeIndexParts {
  /** Path of the file, made when absent. */
  readonly path: string;
  readonly log: Pick<Log, "read">;
}

/** The tree of one log, as far as it has been asked for. One process at a time uses it. */
export class TreeIndex {
  readonly #log: Pick<Log, "read">;
  readonly #file: FileHandle;
  /** Roots in the file, of subtrees of 256 leaves. */
  #tiles: number;

  private constructor(log: Pick<Log, "read">, file: FileHandle, tiles: number) {
    this.#log = log;
    this.#file = file;
    this.#tiles = tiles;
  }

  /**
   * Opens the file, which may have any content.
   *
   * @returns the index; whoever opened it closes it
   * @throws the system's error
   */
  static async open({ path, log }: TreeIndexParts): Promise<TreeIndex> {
    const file = await open(path, "a+", 0o600);
    const { size } = await file.stat();
    const tiles = tilesIn(Math.floor(size / digestBytes));
    // A write that a crash cut short leaves a part of a node, or of a row of them.
    await file.truncate(nodesUpTo(tiles) * digestBytes);
    return new TreeIndex(log, file, tiles);
  }

  /** Forgets what is in the file: it does not fit the log. */
  async forget(): Promise<void> {
    this.#tiles = 0;
    await this.#file.truncate(0);
  }

  /** Lets go of the file. */
  async close(): Promise<void> {
    await this.#file.close();
  }

  /**
   * Follows the log to a size, before hashes up to there are asked for.
   *
   * @param size at most that of the log
   */
  async follow(size: number): Promise<void> {
    const wanted = Math.floor(size / fan);
    while (this.#tiles < wanted) {
      const count = Math.min(wanted - this.#tiles, Math.floor(readEntriesMax / fan));
      const leaves = await this.#leaves(this.#tiles * fan, count * fan);
      const added: Buffer[] = [];
      for (let tile = 0; tile < count; tile += 1) {
        added.push(rootOf(leaves.slice(tile * fan, (tile + 1) * fan)));
        await this.#completed(this.#tiles + tile + 1, added);
      }
      await this.#file.appendFile(Buffer.concat(added));
      this.#tiles += count;
    }
  }

  /**
   * The hash over some leaves, as the tree over all has it.
   *
   * @param begin a multiple of the largest power of two at or below the number of leaves: a place where the tree splits
   * @param end above `begin`, and followed to
   * @returns 32 bytes
   */
  async hashOf(begin: number, end: number): Promise<Buffer> {
    const size = end - begin;
    const level = levelOf(size);
    if (level !== undefined) return this.subtree(level, begin / size);
    const middle = begin + splitOf(size);
    return nodeHash(await this.hashOf(begin, middle), await this.hashOf(middle, end));
  }

  /**
   * The root of a perfect subtree.
   *
   * @param level 0 for a leaf
   * @param index among those of its level, from 0
   * @returns 32 bytes
   */
  async subtree(level: number, index: number): Promise<Buffer> {
    const above = level % fanLevels;
    const width = 2 ** above;
    return rootOf(await this.#row((level - above) / fanLevels, { first: index * width, count: width }));
  }

  /** Nodes of a level that is kept; 0 are the leaves, which the log keeps. */
  async #row(
    kept: number,
    { first, count }: { readonly first: number; readonly count: number },
  ): Promise<readonly Buffer[]> {
    if (kept === 0) return this.#leaves(first, count);
    const row: Buffer[] = [];
    for (let index = first; index < first + count;) {
      // Nodes of the lowest kept level lie side by side until they complete one above; the others far from each other.
      const end = kept === 1 ? Math.min(first + count, (Math.floor(index / fan) + 1) * fan) : index + 1;
      const bytes = Buffer.alloc((end - index) * digestBytes);
      const { bytesRead } = await this.#file.read(bytes, { position: placeOf(kept, index) * digestBytes });
      if (bytesRead < bytes.length) throw new Error("Cannot read the tree: its file was cut by somebody else");
      for (let at = 0; at < bytes.length; at += digestBytes) row.push(bytes.subarray(at, at + digestBytes));
      index = end;
    }
    return row;
  }

  async #leaves(first: number, count: number): Promise<readonly Buffer[]> {
    const rows = await this.#log.read({ after: first, limit: count });
    if (rows.length !== count) throw new Error(`Cannot read the tree: the log ends before leaf ${first + count}`);
    return rows.map(({ digest }) => bytesOfDigest(digest));
  }

  /** Adds the nodes that become complete with a tile, each above the last. */
  async #completed(tiles: number, added: Buffer[]): Promise<void> {
    for (let [kept, number] = [1, tiles]; number % fan === 0; kept += 1) {
      number /= fan;
      const first = (number - 1) * fan;
      // Those that are not in the file yet are the last that were added.
      const row: Buffer[] = [];
      const inFile = nodesUpTo(this.#tiles);
      for (let at = 0; at < fan; at += 1) {
        const place = placeOf(kept, first + at);
        const held =
          place < inFile ? (await this.#row(kept, { first: first + at, count: 1 }))[0] : added[place - inFile];
        if (held === undefined) throw new Error(`Cannot follow the log: node ${first + at} of row ${kept} is missing`);
        row.push(held);
      }
      added.push(rootOf(row));
    }
  }
}

/** Nodes in the file once it holds so many tiles, and whatever they complete. */
function nodesUpTo(tiles: number): number {
  let nodes = 0;
  for (let rest = tiles; rest > 0; rest = Math.floor(rest / fan)) nodes += rest;
  return nodes;
}

/** Where a node lies: behind all that was complete before the last tile below it, and behind the nodes below it that this tile completes. */
function placeOf(kept: number, index: number): number {
  const tiles = (index + 1) * fan ** (kept - 1);
  return nodesUpTo(tiles - 1) + kept - 1;
}

/** How many tiles, with all that they complete, so many nodes hold. */
function tilesIn(nodes: number): number {
  let [low, high] = [0, nodes];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (nodesUpTo(middle) <= nodes) low = middle;
    else high = middle - 1;
  }
  return low;
}

function rootOf(leaves: readonly Buffer[]): Buffer {
  let row = leaves;
  while (row.length > 1) {
    const above: Buffer[] = [];
    for (let at = 0; at + 1 < row.length; at += 2) above.push(nodeHash(row[at] ?? missing(), row[at + 1] ?? missing()));
    row = above;
  }
  return row[0] ?? missing();
}

function missing(): never {
  throw new RangeError("Cannot hash a subtree: it has no leaves");
}

function levelOf(size: number): number | undefined {
  let level = 0;
  let rest = size;
  for (; rest % 2 === 0; rest /= 2) level += 1;
  return rest === 1 ? level : undefined;
}
