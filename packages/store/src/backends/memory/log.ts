/**
 * The Log in memory: the contract without a disk, for tests and for worlds that need not outlive their process.
 *
 * What it cannot do: nothing survives the process, so "durable" means "in this object".
 */
import { follow, Bell } from "../../follow.ts";
import { zeroDigest } from "../../digest.ts";
import { readEntriesMax } from "../../limits.ts";
import { checkOrder, conflict, holds, isErased, notErasable } from "../../log-order.ts";
import { StoreFailure } from "../../failure.ts";
import { Traces } from "../../traces.ts";
import type {
  CheckpointRow,
  Log,
  LogBatch,
  LogFilter,
  LogHead,
  LogPage,
  LogRow,
  PayloadReference,
  StoredPayload,
} from "../../log.ts";

/**
 * Makes an empty log in memory.
 *
 * @returns the log
 */
export function openMemoryLog(): Log {
  return new MemoryLog();
}

class MemoryLog implements Log {
  readonly #rows: LogRow[] = [];
  readonly #traces = new Traces((position) => this.#rows[position - 1]?.bytes);
  readonly #payloads = new Map<string, StoredPayload>();
  /** Payloads that were erased, and by which entry. */
  readonly #erased = new Map<string, number>();
  readonly #checkpoints: CheckpointRow[] = [];
  readonly #bell = new Bell();

  async head(): Promise<LogHead> {
    const last = this.#rows.at(-1);
    return last === undefined
      ? { position: 0, digest: zeroDigest, timeMs: 0 }
      : { position: last.position, digest: last.digest, timeMs: last.timeMs };
  }

  async append(expectedPosition: number, batch: LogBatch): Promise<void> {
    this.#checkOpen();
    if (expectedPosition !== this.#rows.length) throw conflict(expectedPosition, this.#rows.length);
    checkOrder(expectedPosition, batch.rows);
    // Worked out aside first, so that a bad reference leaves nothing behind.
    const changed = this.#referenced(batch.payloads);
    for (const { commitment } of batch.erased ?? [])
      if (this.#erased.has(commitment) || !(changed.has(commitment) || this.#payloads.has(commitment)))
        throw notErasable(commitment);
    this.#rows.push(...batch.rows);
    for (const payload of changed.values()) this.#payloads.set(payload.commitment, payload);
    for (const { commitment, by } of batch.erased ?? []) {
      this.#payloads.delete(commitment);
      this.#erased.set(commitment, by);
    }
    this.#bell.ring();
  }

  overlaps(): boolean {
    return false;
  }

  async read({ after, limit }: LogPage): Promise<readonly LogRow[]> {
    return this.#rows.slice(after, after + Math.min(limit, readEntriesMax));
  }

  async find(filter: LogFilter, { after, limit }: LogPage): Promise<readonly LogRow[]> {
    const found: LogRow[] = [];
    for (let index = after; index < this.#rows.length && found.length < Math.min(limit, readEntriesMax); index += 1) {
      const row = this.#rows[index];
      if (row !== undefined && holds(row, { filter, traces: this.#traces })) found.push(row);
    }
    return found;
  }

  async seek(timeMs: number): Promise<number> {
    let low = 0;
    let high = this.#rows.length;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = this.#rows[middle];
      if (row !== undefined && row.timeMs < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  watch(after: number, { signal }: { readonly signal: AbortSignal }): AsyncIterable<LogRow> {
    const source = {
      bell: this.#bell,
      head: () => this.#rows.length,
      read: (from: number) => this.read({ after: from, limit: readEntriesMax }),
      positionOf: (row: LogRow) => row.position,
    };
    return follow(after, { source, signal });
  }

  async payloadSizes(commitments: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const sizes = new Map<string, number>();
    for (const commitment of commitments) {
      const payload = this.#payloads.get(commitment);
      if (payload !== undefined) sizes.set(commitment, payload.size);
    }
    return sizes;
  }

  async payload(commitment: string): Promise<StoredPayload | undefined> {
    return this.#payloads.get(commitment);
  }

  async payloadsElsewhere(): Promise<ReadonlySet<string>> {
    return new Set();
  }

  async erasedAt(commitment: string): Promise<number | undefined> {
    return this.#erased.get(commitment);
  }

  async scrub(): Promise<boolean> {
    return true;
  }

  async putCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    this.#checkOpen();
    const last = this.#checkpoints.at(-1);
    if (last !== undefined && last.size >= checkpoint.size) throw conflict(checkpoint.size, last.size);
    this.#checkpoints.push(checkpoint);
  }

  async checkpoints({ after, limit }: LogPage): Promise<readonly CheckpointRow[]> {
    return this.#checkpoints.filter((checkpoint) => checkpoint.size > after).slice(0, limit);
  }

  async lastCheckpoint(): Promise<CheckpointRow | undefined> {
    return this.#checkpoints.at(-1);
  }

  async close(): Promise<void> {
    this.#bell.close();
  }

  #checkOpen(): void {
    if (this.#bell.closed)
      throw new StoreFailure("log_unavailable", { message: "Cannot append to the log: it is closed", retry: "never" });
  }

  #referenced(references: readonly PayloadReference[]): Map<string, StoredPayload> {
    const changed = new Map<string, StoredPayload>();
    for (const { commitment, stored } of references) {
      if (this.#erased.has(commitment)) throw isErased(commitment);
      const before = changed.get(commitment) ?? this.#payloads.get(commitment);
      const payload = before ?? stored;
      if (payload === undefined)
        throw new StoreFailure("payload_missing", {
          message: `Cannot append to the log: payload ${commitment} is named and not stored`,
          retry: "never",
        });
      changed.set(commitment, { ...payload, references: (before?.references ?? 0) + 1 });
    }
    return changed;
  }
}
