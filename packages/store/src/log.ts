/**
 * The Log contract: what a store of entries promises, whatever holds the bytes.
 *
 * A log is append-only and has one writer. It knows nothing of operations or state: a row is the entry's text, its
 * digest, and columns derived from the text by which it can be found. `test/log-contract.ts` is the contract as a suite.
 */

/** One entry as the log keeps it. Everything but `bytes` is derived from `bytes` (and from the rows before it) and checked by verification. */
export interface LogRow {
  /** From 1, without gaps. */
  readonly position: number;
  /** `sha256:…`, the leaf digest of `bytes`. */
  readonly digest: string;
  /** Effective time in ms: never less than the row's before. */
  readonly timeMs: number;
  /** Type of the operation, for instance `effect.request`. */
  readonly kind: string;
  /** Principal of the stamp. */
  readonly principal: string;
  /** The agent that the entry is about, where one is named. */
  readonly agent: string | null;
  /** The session that the entry is about, where one is named. */
  readonly session: string | null;
  /** `accepted`, or the code of the refusal. */
  readonly outcome: string;
  /** The entry: canonical JSON text. */
  readonly bytes: string;
}

/** A payload that becomes stored: its commitment, the salt and bytes behind it, and the commitments its own content names. */
export interface PayloadRow {
  /** `sha256:…` of salt and bytes. */
  readonly commitment: string;
  /** Length of `bytes`. */
  readonly size: number;
  /** 16 random bytes. */
  readonly salt: Uint8Array;
  /** The content. */
  readonly bytes: Uint8Array;
  /** Commitments of payloads that this one names (a manifest's files). */
  readonly children: readonly string[];
}

/** One reference to a payload, in the order in which entries name them. */
export interface PayloadReference {
  /** Which payload gains a reference. */
  readonly commitment: string;
  /** The payload itself, when it may not be in the log yet. */
  readonly stored?: PayloadRow;
  /** It is certain that the log does not hold it: it need not look. */
  readonly fresh?: boolean;
}

/** A payload that loses its salt and bytes for good; its row stays, and says by which entry. */
export interface PayloadErasure {
  readonly commitment: string;
  /** Position of the entry that erases it. */
  readonly by: number;
}

/** What one append makes durable, all or none. */
export interface LogBatch {
  /** Rows in order; the first has the expected position + 1. */
  readonly rows: readonly LogRow[];
  /** References made by these rows, in order. */
  readonly payloads: readonly PayloadReference[];
  /** Payloads that these rows erase, after all references are made; each is in the log, or comes with this batch, and was not erased. */
  readonly erased?: readonly PayloadErasure[];
}

/** The end of the log: position 0 and the zero digest when it is empty. */
export interface LogHead {
  readonly position: number;
  readonly digest: string;
  readonly timeMs: number;
}

/** By what rows are found. At least one field is given; all given ones must hold. */
export interface LogFilter {
  /** Id or name of an agent that an entry concerns: see `traces.ts`. */
  readonly agent?: string;
  /** Id of a session that it names, or that an agent whom it concerns is of. */
  readonly session?: string;
  /** Type of the operation, or of one in a batch, such as `effect.request`; `effect.*` is any of the area. */
  readonly kind?: string;
  /** Position of an entry that it names as what led to it. */
  readonly cause?: number;
  /** Entries that settle an effect which changed something, or ask for an undo; a few others may be among them. */
  readonly changes?: true;
}

/** A page of a read: rows after a position (the cursor; 0 is the start), at most `limit`. The last row's position is the next cursor. */
export interface LogPage {
  readonly after: number;
  readonly limit: number;
}

/** A payload with the number of its references. */
export interface StoredPayload extends PayloadRow {
  readonly references: number;
}

/** A signed head of the log, as text in the C2SP form. */
export interface CheckpointRow {
  /** Entries covered: the position of the last. */
  readonly size: number;
  /** The signed note. */
  readonly note: string;
}

/** A durable, append-only sequence of rows with the payloads and checkpoints that belong to it. */
export interface Log {
  /** @returns the last row's position, digest and effective time */
  head(): Promise<LogHead>;
  /**
   * Appends all rows with their payloads or none; durable when resolved.
   *
   * The next append may be asked for before this one has resolved: its expected position is then where this one will have
   * left the log. Appends become durable in the order of the asking, and once one has failed, those asked for after it on
   * the strength of it fail, too.
   *
   * @throws a failure `position_conflict` when the head is not at `expectedPosition` or a row is out of order (nothing is
   *   written); any other failure leaves the outcome unknown until the head is read again
   */
  append(expectedPosition: number, batch: LogBatch): Promise<void>;
  /** @returns whether a large append leaves its caller free to do something else meanwhile; otherwise it is done when it returns */
  overlaps(): boolean;
  /** @returns rows after `page.after` in order */
  read(page: LogPage): Promise<readonly LogRow[]>;
  /** @returns rows after `page.after` for which every field of the filter holds, in order */
  find(filter: LogFilter, page: LogPage): Promise<readonly LogRow[]>;
  /** @returns the cursor (a position, or 0) after which all rows have an effective time at or above `timeMs`, in logarithmic time */
  seek(timeMs: number): Promise<number>;
  /** Yields every durable row after `after`, in order, none lost, and waits for more until the signal aborts or the log closes. */
  watch(after: number, options: { readonly signal: AbortSignal }): AsyncIterable<LogRow>;
  /** @returns sizes in bytes, for those of the commitments whose payload is in the log and was not erased */
  payloadSizes(commitments: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** @returns those of the commitments whose payload another log holds, with which this one shares its beginning: only there can it be erased */
  payloadsElsewhere(commitments: readonly string[]): Promise<ReadonlySet<string>>;
  /** @returns the payload, or undefined when it is not in the log or was erased */
  payload(commitment: string): Promise<StoredPayload | undefined>;
  /** @returns the position of the entry that erased a payload, or undefined when none did */
  erasedAt(commitment: string): Promise<number | undefined>;
  /**
   * Removes what was erased from wherever the log's own files may still hold it, such as a journal of writes. The log does so by
   * itself after every erasure and when it is opened, as soon as nobody reads there.
   *
   * @returns whether nothing of it is left
   */
  scrub(): Promise<boolean>;
  /** Adds a checkpoint; durable when resolved. Its size is larger than that of every one before. */
  putCheckpoint(checkpoint: CheckpointRow): Promise<void>;
  /** @returns checkpoints of a size above `page.after`, smallest first */
  checkpoints(page: LogPage): Promise<readonly CheckpointRow[]>;
  /** @returns the checkpoint of the largest size, or undefined */
  lastCheckpoint(): Promise<CheckpointRow | undefined>;
  /** Releases what the log holds; watchers end. */
  close(): Promise<void>;
}
