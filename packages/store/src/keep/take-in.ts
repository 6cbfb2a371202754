/** Takes the entries of a backup into a log, as the machine appended them once: rows, payloads with their references, erasures. */
import type { Entry } from "@toka/kernel";
import { contentsOf } from "../contents.ts";
import { erasuresIn } from "../erasure.ts";
import { saltBytes } from "../limits.ts";
import type { CheckpointRow, Log, LogRow, PayloadErasure, PayloadReference, PayloadRow } from "../log.ts";
import type { ExportSink } from "../proof/verify-export.ts";

/** Rows of one append: a transaction of some milliseconds. */
const rowsAtOnce = 2_048;

/** Bytes of payloads from which an append is made (32 MiB): bounds what is held in memory. */
const bytesAtOnce: number = 32 * 1024 * 1024;

/** Up to where entries are taken in. */
export interface TakeUntil {
  /** The last position; infinity for all. */
  readonly position: number;
  /** No entry whose effective time is later; infinity for all. */
  readonly timeMs: number;
}

/** A payload on its way. */
type Coming = Omit<PayloadRow, "bytes"> & { readonly parts: Uint8Array[] };

/** Takes entries in up to a moment; what comes behind it is passed over. */
export class TakeIn implements ExportSink {
  readonly #log: Log;
  readonly #until: TakeUntil;
  readonly #seen = new Set<string>();
  readonly #checkpoints: CheckpointRow[] = [];
  #rows: LogRow[] = [];
  #references: PayloadReference[] = [];
  #erased: PayloadErasure[] = [];
  #bytes = 0;
  #open: { readonly entry: Entry; readonly coming: Map<string, Coming> } | undefined;
  #part: Coming | undefined;
  #last: LogRow | undefined;
  #appended = 0;
  #appending: Promise<void> = Promise.resolve();
  #over = false;
  /** The last entry that erased what was there at the moment. */
  #erasedSince = 0;

  /**
   * @param log empty
   * @param until how far
   */
  constructor(log: Log, until: TakeUntil) {
    this.#log = log;
    this.#until = until;
  }

  /** The last row that was taken in. */
  get last(): LogRow | undefined {
    return this.#last;
  }

  /** The last entry, behind the moment, that erased contents which were there then; 0 for none. */
  get erasedSince(): number {
    return this.#erasedSince;
  }

  entry(entry: Entry, row: LogRow): void {
    this.#finishEntry();
    this.#over ||= row.position > this.#until.position || row.timeMs > this.#until.timeMs;
    const erasures = erasuresIn(row.bytes);
    if (this.#over) {
      if (erasures.some((commitment) => this.#seen.has(commitment))) this.#erasedSince = row.position;
      return;
    }
    this.#open = { entry, coming: new Map() };
    this.#last = row;
    this.#rows.push(row);
    for (const commitment of erasures) this.#erased.push({ commitment, by: row.position });
  }

  payload(head: Omit<PayloadRow, "bytes">): void {
    const coming = { ...head, parts: [] };
    this.#part = coming;
    this.#open?.coming.set(head.commitment, coming);
  }

  part(bytes: Uint8Array): void {
    if (this.#open === undefined) return;
    this.#part?.parts.push(bytes);
    this.#bytes += bytes.length;
  }

  erased({ commitment, by, children }: Parameters<ExportSink["erased"]>[0]): void {
    if (this.#open === undefined) return;
    // Whole until the entry comes that erased it, as it was then: rows that were erased gain no references.
    this.payload({ commitment, size: 0, salt: Buffer.alloc(saltBytes), children });
    if (by > this.#until.position) this.#erasedSince = Math.max(this.#erasedSince, by);
  }

  signed(checkpoint: CheckpointRow): void {
    if (!this.#over) this.#checkpoints.push(checkpoint);
  }

  /**
   * Appends what has come, when it is enough.
   *
   * @returns a promise while whoever reads is to wait
   */
  settle(): Promise<void> | undefined {
    return this.#rows.length > rowsAtOnce || this.#bytes > bytesAtOnce ? this.#append() : undefined;
  }

  /** Appends what is left, and the checkpoints. */
  async finish(): Promise<void> {
    this.#finishEntry();
    await this.#append();
    await this.#appending;
    const { position = 0 } = this.#last ?? {};
    for (const checkpoint of this.#checkpoints)
      if (checkpoint.size <= position) await this.#log.putCheckpoint(checkpoint);
  }

  /** An entry's references are made when all its payloads have come. */
  #finishEntry(): void {
    const open = this.#open;
    this.#open = undefined;
    this.#part = undefined;
    if (open === undefined) return;
    const refer = (commitment: string): void => {
      const coming = this.#seen.has(commitment) ? undefined : open.coming.get(commitment);
      this.#seen.add(commitment);
      if (coming === undefined) {
        this.#references.push({ commitment });
        return;
      }
      const { parts, ...head } = coming;
      this.#references.push({ commitment, stored: { ...head, bytes: Buffer.concat(parts) }, fresh: true });
      for (const child of head.children) refer(child);
    };
    for (const { commitment } of contentsOf(open.entry.operation)) refer(commitment);
  }

  /** The entry that is open stays: its payloads may not all have come. */
  async #append(): Promise<void> {
    const kept = this.#open === undefined ? [] : this.#rows.slice(-1);
    const rows = this.#rows.slice(0, this.#rows.length - kept.length);
    const by = kept[0]?.position ?? Number.POSITIVE_INFINITY;
    const batch = { rows, payloads: this.#references, erased: this.#erased.filter((one) => one.by < by) };
    this.#rows = kept;
    this.#references = [];
    this.#erased = this.#erased.filter((one) => one.by >= by);
    this.#bytes = 0;
    if (rows.length === 0) return;
    // One append is under way while the next comes in.
    await this.#appending;
    this.#appending = this.#log.append(this.#appended, batch);
    this.#appending.catch(() => undefined);
    this.#appended += rows.length;
  }
}
