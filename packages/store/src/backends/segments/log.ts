/**
 * The Log in segment files: one frame an append, one `fdatasync` a frame, and nothing in between that a crash could leave half done.
 *
 * A frame is written when the one before it is durable, so at most the last one can be torn. After a failed append nobody knows what
 * the disk holds, unless what was written could be cut off again; then what is in memory is dropped, and the next use opens the
 * log as it lies on the disk. The index is in memory, made anew at each opening: this backend is for simulation, for small
 * vaults and as the floor that others are measured against. Source: docs/format.md, section "Segments".
 */
import { randomBytes } from "node:crypto";
import { StoreFailure, textOf } from "../../failure.ts";
import { Bell, follow } from "../../follow.ts";
import { readEntriesMax, segmentBytesMax } from "../../limits.ts";
import { checkOrder, conflict, isErased, notErasable } from "../../log-order.ts";
import type { CheckpointRow, Log, LogBatch, LogFilter, LogHead, LogPage, LogRow, StoredPayload } from "../../log.ts";
import { blankPayloads, type PlacedPayload } from "./blank.ts";
import { decodeBatch, encodeBatch, type KeptBatch } from "./batch-codec.ts";
import { encodeCheckpoint } from "./checkpoint-codec.ts";
import type { Disk } from "./disk.ts";
import { decodeFrame, encodeFrame, nonceBytes, type FrameKind } from "./frame.ts";
import { settledReferences, type IndexedRow } from "./log-index.ts";
import { openLog, type OpenedLog } from "./open-log.ts";
import { countSegments, damaged, makeSegment, segmentName, type FramePlace, type OpenSegment } from "./segment-file.ts";

/** How a log of segments is opened. */
export interface SegmentLogOptions {
  /** Gives 16 random bytes for a segment; the system's when absent. */
  readonly nonce?: () => Uint8Array;
  /** Bytes from which a segment is followed by another. */
  readonly segmentBytes?: number;
}

const randomNonce = (): Uint8Array => randomBytes(nonceBytes);

/**
 * Makes an empty log in a folder.
 *
 * @param disk the folder
 * @param options as for opening it
 * @throws StoreFailure `vault_exists` when there is one, `log_unavailable` when it cannot be written
 */
export async function createSegmentLog(disk: Disk, options: SegmentLogOptions = {}): Promise<void> {
  try {
    if ((await countSegments(disk)) > 0)
      throw new StoreFailure("vault_exists", { message: "Cannot create a log: there is one already", retry: "never" });
    const head = { number: 1, after: 0, previous: 0, nonce: (options.nonce ?? randomNonce)() };
    const { segment } = await makeSegment(disk, { head, frames: [] });
    await segment.file.close();
  } catch (thrown) {
    if (thrown instanceof StoreFailure) throw thrown;
    throw unavailable("create", thrown);
  }
}

/**
 * Opens the log in a folder for its one writer.
 *
 * @param disk the folder
 * @param options of segments
 * @returns the log
 * @throws StoreFailure `vault_absent`, `vault_damaged` when it is not what was written, `log_unavailable` when it cannot be read
 */
export async function openSegmentLog(disk: Disk, options: SegmentLogOptions = {}): Promise<Log> {
  const log = new SegmentLog(disk, options);
  await log.head();
  return log;
}

/** A log that was read, until an append fails. */
interface Connection extends Pick<OpenedLog, "index"> {
  segment: OpenSegment;
  /** The position at which the log ends once all that was asked for is durable. */
  asked: number;
  /** Payloads that come with what was asked for and is not durable. */
  readonly coming: Set<string>;
  /** What was asked for under an earlier one has failed with what came before it. */
  generation: number;
  /** Resolves when all that was asked for is done with. */
  last: Promise<void>;
}

class SegmentLog implements Log {
  readonly #disk: Disk;
  readonly #nonce: () => Uint8Array;
  readonly #segmentBytes: number;
  readonly #bell = new Bell();
  #connection: Connection | undefined;
  #connecting: Promise<Connection> | undefined;
  /** The last durable position, as it was known last. */
  #position = 0;
  #frame: { readonly place: FramePlace; readonly batch: KeptBatch } | undefined;

  constructor(disk: Disk, { nonce, segmentBytes }: SegmentLogOptions) {
    this.#disk = disk;
    this.#nonce = nonce ?? randomNonce;
    this.#segmentBytes = segmentBytes ?? segmentBytesMax;
  }

  async head(): Promise<LogHead> {
    return (await this.#connected()).index.head;
  }

  async append(expectedPosition: number, batch: LogBatch): Promise<void> {
    const connection = await this.#connected();
    if (expectedPosition !== connection.asked) throw conflict(expectedPosition, connection.asked);
    checkOrder(expectedPosition, batch.rows);
    const last = batch.rows.at(-1);
    if (last === undefined) return;
    const { index, coming } = connection;
    const isThere = (commitment: string): boolean => index.payloads.has(commitment) || coming.has(commitment);
    for (const { commitment } of batch.payloads)
      if (index.payloads.get(commitment)?.erasedAt !== undefined) throw isErased(commitment);
    const payloads = settledReferences(batch.payloads, isThere);
    const erased = batch.erased ?? [];
    const comes = new Set(payloads.map(({ commitment }) => commitment));
    for (const { commitment } of erased)
      if (!comes.has(commitment) && !isThere(commitment)) throw notErasable(commitment);
    const kept = { rows: batch.rows, payloads, erased };
    connection.asked = last.position;
    const brought = kept.payloads.filter(({ stored }) => stored !== undefined).map(({ commitment }) => commitment);
    for (const commitment of brought) coming.add(commitment);
    await this.#inTurn(connection, async () => {
      const place = await this.#write(connection, { kind: "batch", content: encodeBatch(kept) });
      index.take(kept, place);
      if (erased.length > 0)
        await this.#blank(
          connection,
          erased.map(({ commitment }) => commitment),
        );
      for (const commitment of brought) coming.delete(commitment);
      this.#position = index.head.position;
      this.#bell.ring();
    });
  }

  overlaps(): boolean {
    return true;
  }

  async read({ after, limit }: LogPage): Promise<readonly LogRow[]> {
    const most = Math.min(limit, readEntriesMax);
    return this.#steadily(({ index }) => this.#rowsAt(index.rows.slice(after, after + most)));
  }

  async find(filter: LogFilter, { after, limit }: LogPage): Promise<readonly LogRow[]> {
    const most = Math.min(limit, readEntriesMax);
    return this.#steadily(({ index }) => this.#rowsAt(index.find(filter, { after, limit: most })));
  }

  async seek(timeMs: number): Promise<number> {
    return (await this.#connected()).index.seek(timeMs);
  }

  watch(after: number, { signal }: { readonly signal: AbortSignal }): AsyncIterable<LogRow> {
    const source = {
      bell: this.#bell,
      head: () => this.#position,
      read: (from: number) => this.read({ after: from, limit: readEntriesMax }),
      positionOf: (row: LogRow) => row.position,
    };
    return follow(after, { source, signal });
  }

  async payloadSizes(commitments: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { index } = await this.#connected();
    const sizes = new Map<string, number>();
    for (const commitment of commitments) {
      const payload = index.payloads.get(commitment);
      if (payload !== undefined && payload.erasedAt === undefined) sizes.set(commitment, payload.size);
    }
    return sizes;
  }

  async payloadsElsewhere(): Promise<ReadonlySet<string>> {
    return new Set();
  }

  async erasedAt(commitment: string): Promise<number | undefined> {
    return (await this.#connected()).index.payloads.get(commitment)?.erasedAt;
  }

  async scrub(): Promise<boolean> {
    await this.#connected();
    return true;
  }

  async payload(commitment: string): Promise<StoredPayload | undefined> {
    return this.#steadily(async ({ index }) => {
      const payload = index.payloads.get(commitment);
      if (payload === undefined || payload.erasedAt !== undefined) return undefined;
      const { references, place } = payload;
      const { payloads } = await this.#batchAt(place);
      const stored = payloads.find((one) => one.commitment === commitment)?.stored;
      if (stored === undefined) throw damaged(place.segment, `byte ${place.offset}: found no payload ${commitment}`);
      return { ...stored, references };
    });
  }

  async putCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    const connection = await this.#connected();
    await this.#inTurn(connection, async () => {
      const { checkpoints } = connection.index;
      const last = checkpoints.at(-1);
      if (last !== undefined && last.size >= checkpoint.size) throw conflict(checkpoint.size, last.size);
      await this.#write(connection, { kind: "checkpoint", content: encodeCheckpoint(checkpoint) });
      checkpoints.push(checkpoint);
    });
  }

  async checkpoints({ after, limit }: LogPage): Promise<readonly CheckpointRow[]> {
    const { index } = await this.#connected();
    return index.checkpoints.filter((checkpoint) => checkpoint.size > after).slice(0, limit);
  }

  async lastCheckpoint(): Promise<CheckpointRow | undefined> {
    return (await this.#connected()).index.checkpoints.at(-1);
  }

  async close(): Promise<void> {
    if (this.#bell.closed) return;
    this.#bell.close();
    const connection = this.#connection ?? (await this.#connecting?.catch(() => undefined));
    this.#connection = undefined;
    if (connection === undefined) return;
    await connection.last;
    const { segment } = connection;
    try {
      // From here on a last frame that is not whole is damage, and no write that nobody was told of.
      const { bytes } = encodeFrame(segment.chain, { kind: "end", content: new Uint8Array() });
      await segment.file.append(bytes);
      await segment.file.sync();
    } catch {
      // Everything is durable without it.
    }
    await segment.file.close();
  }

  /** Writes a frame, durable when resolved. */
  async #write(
    connection: Connection,
    frame: { readonly kind: FrameKind; readonly content: Uint8Array },
  ): Promise<FramePlace> {
    if (connection.segment.size >= this.#segmentBytes) await this.#roll(connection);
    const { segment } = connection;
    const { bytes, chain } = encodeFrame(segment.chain, frame);
    const place = { segment: segment.number, offset: segment.size, length: bytes.length, chain };
    try {
      await segment.file.append(bytes);
    } catch (thrown) {
      // A full disk, most likely: what was written of it is cut off, and the log is as it was.
      await segment.file.truncate(segment.size);
      await segment.file.sync();
      throw new Unwritten(thrown);
    }
    await segment.file.sync();
    segment.size += bytes.length;
    segment.chain = chain;
    return place;
  }

  async #roll(connection: Connection): Promise<void> {
    const { segment, index } = connection;
    const { number, chain } = segment;
    const head = { number: number + 1, after: index.head.position, previous: chain.last, nonce: this.#nonce() };
    const made = await makeSegment(this.#disk, { head, frames: [] });
    connection.segment = made.segment;
    await segment.file.close();
  }

  /** What was erased by an entry that is durable, and may still be there: the process before died in between. */
  async #finishBlanking(connection: Connection): Promise<void> {
    try {
      await this.#blank(connection, connection.index.erased());
    } catch (thrown) {
      await connection.segment.file.close().catch(() => undefined);
      throw thrown;
    }
  }

  /** Blanks payloads where they lie. Where that fails, the next opening does it before it shows anything. */
  async #blank(connection: Connection, commitments: readonly string[]): Promise<void> {
    const { index } = connection;
    const bySegment = new Map<number, PlacedPayload[]>();
    for (const commitment of commitments) {
      const payload = index.payloads.get(commitment);
      if (payload === undefined) continue;
      const { place } = payload;
      const there = bySegment.get(place.segment) ?? [];
      there.push({ commitment, place });
      bySegment.set(place.segment, there);
    }
    this.#frame = undefined;
    for (const [number, payloads] of bySegment) {
      await blankPayloads(this.#disk, {
        number,
        payloads,
        // What is appended to is not replaced: another segment is begun first.
        before: async () => {
          if (number === connection.segment.number) await this.#roll(connection);
        },
      });
    }
  }

  /** One after another, in the order of the asking; whatever was asked for after one that failed fails with it. */
  #inTurn(connection: Connection, task: () => Promise<void>): Promise<void> {
    const { generation, last } = connection;
    const done = last.then(async () => {
      if (connection.generation !== generation)
        throw new StoreFailure("log_unavailable", {
          message: "Cannot write to the log: a write before this one failed",
          retry: "later",
        });
      try {
        await task();
      } catch (thrown) {
        if (thrown instanceof StoreFailure) throw thrown;
        await this.#failed(connection, thrown);
      }
    });
    connection.last = done.catch(() => undefined);
    return done;
  }

  async #failed(connection: Connection, thrown: unknown): Promise<never> {
    connection.generation += 1;
    connection.coming.clear();
    connection.asked = connection.index.head.position;
    const cause = thrown instanceof Unwritten ? thrown.cause : thrown;
    if (!(thrown instanceof Unwritten)) {
      if (this.#connection === connection) this.#connection = undefined;
      await connection.segment.file.close().catch(() => undefined);
    }
    throw unavailable("write to", cause);
  }

  async #connected(): Promise<Connection> {
    if (this.#bell.closed)
      throw new StoreFailure("log_unavailable", { message: "Cannot use the log: it is closed", retry: "never" });
    if (this.#connection !== undefined) return this.#connection;
    this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined));
    return this.#connecting;
  }

  async #connect(): Promise<Connection> {
    try {
      const opened = await openLog(this.#disk, this.#nonce);
      const asked = opened.index.head.position;
      const connection = { ...opened, asked, coming: new Set<string>(), generation: 0, last: Promise.resolve() };
      await this.#finishBlanking(connection);
      this.#connection = connection;
      this.#position = asked;
      this.#bell.ring();
      return this.#connection;
    } catch (thrown) {
      if (thrown instanceof StoreFailure) throw thrown;
      throw unavailable("open", thrown);
    }
  }

  /** Reads, and reads again where the log was opened anew meanwhile: its last segment is then another file. */
  async #steadily<T>(task: (connection: Connection) => Promise<T>): Promise<T> {
    for (;;) {
      const connection = await this.#connected();
      try {
        return await task(connection);
      } catch (thrown) {
        if (thrown instanceof StoreFailure && (this.#bell.closed || this.#connection === connection)) throw thrown;
        if (!(thrown instanceof StoreFailure)) throw unavailable("read", thrown);
      }
    }
  }

  async #rowsAt(indexed: readonly IndexedRow[]): Promise<readonly LogRow[]> {
    const rows: LogRow[] = [];
    for (const { position, place } of indexed) {
      const batch = await this.#batchAt(place);
      const row = batch.rows[position - (batch.rows[0]?.position ?? 0)];
      if (row?.position !== position) throw damaged(place.segment, `byte ${place.offset}: found no row ${position}`);
      rows.push(row);
    }
    return rows;
  }

  /** Read again from the disk and checked again, unless it is the one that was read last. */
  async #batchAt(place: FramePlace): Promise<KeptBatch> {
    if (this.#frame?.place === place) return this.#frame.batch;
    const bytes = await this.#disk.read(segmentName(place.segment), place);
    const read = decodeFrame(bytes, { offset: 0, ...place.chain });
    if (read === undefined) throw damaged(place.segment, `byte ${place.offset}: a frame is not what was written`);
    const batch = decodeBatch(read.frame.content);
    this.#frame = { place, batch };
    return batch;
  }
}

function unavailable(what: string, cause: unknown): StoreFailure {
  return new StoreFailure("log_unavailable", {
    message: `Cannot ${what} the log: ${textOf(cause)}`,
    retry: "later",
    cause,
  });
}

/** A write that failed and of which nothing is left on the disk. */
class Unwritten extends Error {
  constructor(cause: unknown) {
    super("nothing was written", { cause });
  }
}
