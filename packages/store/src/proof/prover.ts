/**
 * Makes the proofs of one open vault: that an entry stands in what a checkpoint signs, and that one checkpoint continues
 * another. Each is compared with the signed root before it is handed out.
 * Source: docs/format.md, section "Proofs".
 */
import { openCheckpoint, type Checkpoint } from "../checkpoint.ts";
import { StoreFailure } from "../failure.ts";
import type { CheckpointRow, Log } from "../log.ts";
import { verifierOf } from "../note.ts";
import { bytesOfDigest } from "../digest.ts";
import { exportLines, type ExportOptions } from "./export.ts";
import { TreeIndex } from "./tree-index.ts";
import { consistencyPath, inclusionPath, isConsistent, rootFromInclusion, type RangeHash } from "./tree-proof.ts";

/** What proofs are made with. */
export interface ProverParts {
  readonly log: Log;
  /** Path of the file that keeps the tree's inner nodes. */
  readonly treePath: string;
  /** Public key that signs the checkpoints, in the text form of signed notes. */
  readonly key: string;
  /** Signs a checkpoint of everything durable, unless there is one. */
  readonly head: () => Promise<CheckpointRow>;
}

/** That an entry stands in what a checkpoint signs. */
export interface InclusionDocument {
  readonly toka: "inclusion";
  readonly format: 1;
  readonly key: string;
  /** The entry as it is stored. */
  readonly entry: string;
  /** Of the leaf: the entry's position less one. */
  readonly index: number;
  /** Base64, from the leaf upwards. */
  readonly path: readonly string[];
  /** The signed note. */
  readonly checkpoint: string;
  /** That the checkpoint continues an older one. */
  readonly older?: { readonly checkpoint: string; readonly path: readonly string[] };
}

/** That one checkpoint continues another. */
export interface ConsistencyDocument {
  readonly toka: "consistency";
  readonly format: 1;
  readonly key: string;
  /** The smaller, a signed note. */
  readonly from: string;
  /** The larger, a signed note. */
  readonly to: string;
  /** Base64, as RFC 9162 orders it. */
  readonly path: readonly string[];
}

/** A checkpoint that is known to be signed by the vault's key. */
interface Signed {
  readonly note: string;
  readonly checkpoint: Checkpoint;
}

/** Checkpoints read at once when one of a size is looked for. */
const checkpointsAtOnce = 1;

/** The proofs of one open vault. */
export class Prover {
  readonly #parts: ProverParts;
  /** One proof after another: they share a file. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param parts what it works with */
  constructor(parts: ProverParts) {
    this.#parts = parts;
  }

  /**
   * Proves that an entry stands in the log.
   *
   * @param position of the entry
   * @param from size of an older checkpoint that the proof is to lead to, too; null for none
   * @returns the proof, under the last checkpoint, which is made when the last one does not cover the entry
   * @throws StoreFailure `no_such_entry`, `no_such_checkpoint`, `vault_damaged`
   */
  async inclusion(position: number, from: number | null = null): Promise<InclusionDocument> {
    const { log, key } = this.#parts;
    const [row] = position < 1 ? [] : await log.read({ after: position - 1, limit: 1 });
    if (row === undefined)
      throw new StoreFailure("no_such_entry", {
        message: `Cannot prove entry ${position}: the log ends at ${(await log.head()).position}`,
        retry: "never",
      });
    const { note, checkpoint } = await this.#covering(position);
    const index = position - 1;
    const leaf = bytesOfDigest(row.digest);
    const path = await this.#proved(checkpoint.size, {
      make: (hashOf) => inclusionPath(index, { size: checkpoint.size, hashOf }),
      holds: (made) =>
        rootFromInclusion(leaf, { index, size: checkpoint.size, path: made })?.equals(Buffer.from(checkpoint.root)) ===
        true,
    });
    const proof = { toka: "inclusion", format: 1, key, entry: row.bytes, index, path: path.map(base64) } as const;
    if (from === null) return { ...proof, checkpoint: note };
    const older = await this.consistency({ from, to: checkpoint.size });
    return { ...proof, checkpoint: note, older: { checkpoint: older.from, path: older.path } };
  }

  /**
   * Proves that the log only grew between two checkpoints.
   *
   * @param sizes of both; `to` is the end of the log when it is null, of which a checkpoint is made
   * @returns the proof
   * @throws StoreFailure `no_such_checkpoint`, `vault_damaged`
   */
  async consistency(sizes: { readonly from: number; readonly to: number | null }): Promise<ConsistencyDocument> {
    const from = await this.#ofSize(sizes.from);
    const to = sizes.to === null ? this.#opened(await this.#parts.head()) : await this.#ofSize(sizes.to);
    if (from.checkpoint.size > to.checkpoint.size)
      throw new StoreFailure("no_such_checkpoint", {
        message: `Cannot prove that the log only grew: it is from ${from.checkpoint.size} to ${to.checkpoint.size}, wanted the smaller size first`,
        retry: "never",
      });
    const ends = {
      from: from.checkpoint.size,
      to: to.checkpoint.size,
      rootFrom: from.checkpoint.root,
      rootTo: to.checkpoint.root,
    };
    const path = await this.#proved(ends.to, {
      make: (hashOf) => consistencyPath(ends.from, { size: ends.to, hashOf }),
      holds: (made) => isConsistent({ ...ends, path: made }),
    });
    const { key } = this.#parts;
    return { toka: "consistency", format: 1, key, from: from.note, to: to.note, path: path.map(base64) };
  }

  /**
   * Writes a part of the log, or all of it, so that it verifies by itself.
   *
   * @param options which part, and what is left out
   * @returns lines in order, without their ends
   * @throws StoreFailure `no_such_entry`, `vault_damaged`
   */
  export(options: ExportOptions): AsyncGenerator<string, void, undefined> {
    const { log, key, head } = this.#parts;
    const covering = async (position: number | null): Promise<CheckpointRow> => {
      const { note, checkpoint } = position === null ? this.#opened(await head()) : await this.#covering(position);
      if (position !== null && position > checkpoint.size)
        throw new StoreFailure("no_such_entry", {
          message: `Cannot export up to entry ${position}: the log ends at ${checkpoint.size}`,
          retry: "never",
        });
      return { size: checkpoint.size, note };
    };
    return exportLines({ log, key, covering, withTree: (use) => this.withTree(use) }, options);
  }

  /** A checkpoint that covers a position: the last one, or a new one. */
  async #covering(position: number): Promise<Signed> {
    const last = await this.#parts.log.lastCheckpoint();
    return this.#opened(last !== undefined && last.size >= position ? last : await this.#parts.head());
  }

  async #ofSize(size: number): Promise<Signed> {
    const { log } = this.#parts;
    const [row] = size < 1 ? [] : await log.checkpoints({ after: size - 1, limit: checkpointsAtOnce });
    if (row?.size === size) return this.#opened(row);
    const next = row === undefined ? "" : `; the next one is of size ${row.size}`;
    throw new StoreFailure("no_such_checkpoint", {
      message: `Cannot prove that the log only grew: no checkpoint is of size ${size}${next}; toka checkpoint makes one of the log as it is`,
      retry: "never",
    });
  }

  #opened({ note }: CheckpointRow): Signed {
    const verifier = verifierOf(this.#parts.key);
    const checkpoint = verifier === undefined ? undefined : openCheckpoint(note, verifier);
    if (checkpoint === undefined) throw damaged("a checkpoint of its log is not signed by its key");
    return { note, checkpoint };
  }

  /** Makes a path and compares it; when it does not fit, once more over a tree that is read from the log anew. */
  async #proved(
    size: number,
    path: {
      readonly make: (hashOf: RangeHash) => Promise<readonly Buffer[]>;
      readonly holds: (made: readonly Buffer[]) => boolean;
    },
  ): Promise<readonly Buffer[]> {
    return this.withTree(async (tree) => {
      for (const anew of [false, true]) {
        if (anew) await tree.forget();
        await tree.follow(size);
        const made = await path.make((begin, end) => tree.hashOf(begin, end));
        if (path.holds(made)) return made;
      }
      throw damaged(
        'its entries do not give the root that its checkpoint signs; "toka verify" names the first that differs',
      );
    });
  }

  /**
   * Does something with the tree, after whoever uses it now.
   *
   * @param use is given the tree
   * @returns what `use` returns
   * @throws what `use` throws, or the system's error
   */
  async withTree<T>(use: (tree: TreeIndex) => Promise<T>): Promise<T> {
    const turn = this.#last.then(async () => {
      const tree = await TreeIndex.open({ path: this.#parts.treePath, log: this.#parts.log });
      try {
        return await use(tree);
      } finally {
        await tree.close();
      }
    });
    this.#last = turn.catch(() => undefined);
    return turn;
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}

function damaged(state: string): StoreFailure {
  return new StoreFailure("vault_damaged", { message: `Cannot prove anything of the vault: ${state}`, retry: "never" });
}
