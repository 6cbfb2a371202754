/**
 * Writes a part of a log, or all of it, as lines of text that verify by themselves: the entries, the payloads that they name,
 * the hashes that stand in for what is left out, and the checkpoint that signs it all.
 * Source: docs/format.md, section "Exports".
 */
import { setImmediate as pause } from "node:timers/promises";
import { openCheckpoint } from "../checkpoint.ts";
import { contentsOf } from "../contents.ts";
import { StoreFailure } from "../failure.ts";
import { readEntriesMax } from "../limits.ts";
import type { CheckpointRow, Log, LogRow } from "../log.ts";
import { CompactRange } from "../merkle.ts";
import { verifierOf } from "../note.ts";
import { subtreesOver } from "./gaps.ts";
import type { TreeIndex } from "./tree-index.ts";

/** Bytes of a payload on one line. */
const partBytes = 1024 * 1024;

/** Entries read at once: some megabytes at most. */
const entriesAtOnce = Math.min(readEntriesMax, 512);

/** What is exported. */
export interface ExportOptions {
  /** First position; 1 for the beginning. */
  readonly from: number;
  /** Last position; null for the end of the log as it is. */
  readonly to: number | null;
  /** Positions of the entries that are wanted, ascending; all of them when it is null. */
  readonly only: AsyncIterable<number> | null;
  /** Leaves every payload out. */
  readonly redact: boolean;
  /** Whether a payload is left out, for what stands in it. */
  readonly withhold: (bytes: Uint8Array) => boolean;
  /** Ends the export. */
  readonly signal: AbortSignal;
}

/** What an export is made with. */
export interface ExportParts {
  readonly log: Log;
  readonly key: string;
  /** The checkpoint that covers a position. */
  readonly covering: (position: number | null) => Promise<CheckpointRow>;
  readonly withTree: <T>(use: (tree: TreeIndex) => Promise<T>) => Promise<T>;
}

/**
 * Exports a log.
 *
 * @param parts of an open vault
 * @param options what
 * @returns lines in order, without their ends
 * @throws StoreFailure `no_such_entry`; `vault_damaged` at the end when what was written does not give the signed root
 */
export async function* exportLines(
  parts: ExportParts,
  options: ExportOptions,
): AsyncGenerator<string, void, undefined> {
  const { log, key } = parts;
  const { note, size } = await parts.covering(options.to);
  const to = options.to ?? size;
  if (options.from < 1 || options.from > to)
    throw new StoreFailure("no_such_entry", {
      message: `Cannot export entries ${options.from} to ${to}: wanted the first at or before the last, and the log ends at ${size}`,
      retry: "never",
    });
  yield JSON.stringify({ toka: "export", format: 1, key, redacted: options.redact, checkpoint: note });
  const writing = new Writing(parts, options);
  for await (const row of rowsOf(log, { ...options, to })) {
    options.signal.throwIfAborted();
    yield* writing.gapTo(row.position - 1);
    yield* writing.entry(row);
  }
  if (writing.entries === 0)
    throw new StoreFailure("no_such_entry", {
      message: `Cannot export: none of the entries ${options.from} to ${to} is among those that were asked for`,
      retry: "never",
    });
  yield* writing.gapTo(size);
  const verifier = verifierOf(key);
  const root = verifier === undefined ? undefined : openCheckpoint(note, verifier)?.root;
  if (root === undefined || !writing.root().equals(Buffer.from(root))) {
    await parts.withTree((tree) => tree.forget());
    throw new StoreFailure("vault_damaged", {
      message:
        'Cannot export the log: its entries do not give the root that its checkpoint signs; try once more, and "toka verify" names the first entry that differs',
      retry: "later",
    });
  }
  yield writing.end();
}

/** What was written so far. */
class Writing {
  readonly #parts: ExportParts;
  readonly #options: ExportOptions;
  readonly #tree = new CompactRange();
  /** Payloads that were named. */
  readonly #named = new Set<string>();
  #entries = 0;
  #payloads = 0;

  constructor(parts: ExportParts, options: ExportOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  get entries(): number {
    return this.#entries;
  }

  root(): Buffer {
    return this.#tree.root();
  }

  end(): string {
    return JSON.stringify({ end: true, entries: this.#entries, payloads: this.#payloads });
  }

  /** Leaves entries out, parted at each checkpoint, so that whoever knows one can compare. */
  async *gapTo(position: number): AsyncGenerator<string, void, undefined> {
    const { log, withTree } = this.#parts;
    while (this.#tree.size < position) {
      const begin = this.#tree.size;
      const [next] = await log.checkpoints({ after: begin, limit: 1 });
      const end = Math.min(position, next?.size ?? position);
      const subtrees = subtreesOver(begin, end);
      const hashes = await withTree(async (tree) => {
        await tree.follow(end);
        const read: Buffer[] = [];
        for (const { level, index } of subtrees) read.push(await tree.subtree(level, index));
        return read;
      });
      for (const [at, hash] of hashes.entries()) this.#tree.appendSubtree(hash, subtrees[at]?.level ?? 0);
      yield JSON.stringify({ gap: end - begin, hashes: hashes.map((hash) => hash.toString("base64")) });
    }
  }

  async *entry({ bytes, digest }: LogRow): AsyncGenerator<string, void, undefined> {
    yield JSON.stringify({ entry: bytes });
    this.#tree.append(digest);
    this.#entries += 1;
    if (this.#options.redact || !bytes.includes('"commitment":')) return;
    const { operation }: { readonly operation: object } = JSON.parse(bytes);
    for (const { commitment } of contentsOf(operation)) yield* this.#payload(commitment);
  }

  /** A payload where it is named for the first time, and after it those that its own content names. */
  async *#payload(commitment: string): AsyncGenerator<string, void, undefined> {
    if (this.#named.has(commitment)) return;
    this.#named.add(commitment);
    const found = await this.#parts.log.payload(commitment);
    if (found === undefined || this.#options.withhold(found.bytes)) return;
    const { salt, bytes, children, size } = found;
    yield JSON.stringify({ payload: commitment, size, salt: Buffer.from(salt).toString("base64"), children });
    for (let at = 0; at < bytes.length; at += partBytes)
      yield JSON.stringify({ part: Buffer.from(bytes.subarray(at, at + partBytes)).toString("base64") });
    this.#payloads += 1;
    for (const child of children) yield* this.#payload(child);
  }
}

async function* rowsOf(
  log: Log,
  { from, to, only }: Pick<ExportOptions, "from" | "only"> & { readonly to: number },
): AsyncGenerator<LogRow, void, undefined> {
  if (only !== null) {
    for await (const position of only) {
      if (position > to) return;
      if (position >= from) yield* await log.read({ after: position - 1, limit: 1 });
    }
    return;
  }
  for (let after = from - 1; after < to;) {
    const rows = await log.read({ after, limit: Math.min(entriesAtOnce, to - after) });
    if (rows.length === 0) return;
    yield* rows;
    after += rows.length;
    // Reading may take long, and whoever else asks this process must not wait for its end.
    await pause();
  }
}
