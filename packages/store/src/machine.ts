/**
 * The machine: the one place where operations become durable entries.
 *
 * It holds the state in memory and commits in groups: everything that arrived since the last flush is decided in order
 * and appended in one transaction. While one flush becomes durable the next is decided, so the state in memory runs ahead;
 * but nobody gets an answer, sees state or is shown an entry beyond the durable position. When an append fails, the state
 * is dropped and read back from the log, and whoever waited for that flush or a later one is told that the outcome is
 * unknown.
 * Source: docs/decisions/0024-deciding-ahead.md.
 */
import {
  decodeEntry,
  parseOperation,
  type Caller,
  type Content,
  type KernelState,
  type MachinePort,
  type Operation,
  type PayloadDraft,
  type Receipt,
  type RecordedEntry,
  type StopSignal,
} from "@toka/kernel";
import { broughtBy, contentsOf, seal, type Brought } from "./contents.ts";
import { zeroDigest } from "./digest.ts";
import { erasedBy } from "./erasure.ts";
import { StoreFailure, textOf } from "./failure.ts";
import { decideFlush, type Flush, type Waiting } from "./flush.ts";
import { LivingFamilies } from "./families/living.ts";
import type { Fold } from "./fold.ts";
import { InFlight, type Failed } from "./in-flight.ts";
import { Bell, follow } from "./follow.ts";
import {
  flushBytesMax,
  flushOperationsMax,
  flushPartedFrom,
  flushesInFlightMax,
  queueBytesMax,
  queueOperationsMax,
  readEntriesMax,
  recentEntriesMax,
} from "./limits.ts";
import type { Log, LogFilter, LogHead, LogPage, LogRow, StoredPayload } from "./log.ts";
import { RecentEntries } from "./recent.ts";
import { mismatch, unsettledOf } from "./references.ts";
import { readStamp } from "./read-stamp.ts";
import { SuppressedRefusals } from "./suppressed.ts";
import { passing } from "./watch-filter.ts";

/** What a machine is made of. */
export interface MachineParts {
  readonly log: Log;
  /** The fold at the log's head, read from the log; called again after a failed append. */
  readonly load: () => Promise<Fold>;
  /** Host time, ms since 1970. */
  readonly clock: () => number;
  /** The host, in whose name counted refusals are booked. */
  readonly host: Caller;
  /** Whether nothing is to be decided after these entries before `atRest` has been called. */
  readonly restsAfter?: (entries: readonly RecordedEntry[]) => boolean;
  /** Called after such entries became durable and were answered, with the fold at the end of them. It must not throw. */
  readonly atRest?: (fold: Fold) => Promise<void>;
}

/** How an operation is submitted. */
export interface SubmitOptions {
  readonly caller: Caller;
  readonly causes?: readonly number[];
  readonly payloads?: readonly PayloadDraft[];
}

/** The machine over one log. */
export class Machine implements MachinePort {
  readonly #parts: MachineParts;
  readonly #bell = new Bell();
  readonly #recent = new RecentEntries(recentEntriesMax);
  readonly #suppressed = new SuppressedRefusals();
  readonly #inFlight = new InFlight({
    durable: (flush) => this.#durable(flush),
    unknown: (flush, failed) => this.#unknown(flush, failed),
  });
  readonly #families = new LivingFamilies({
    state: () => this.#fold?.state,
    payload: (commitment) => this.payload({ commitment, size: 0 }),
  });
  /** The state as decided, which may be ahead of what is durable. */
  #fold: Fold | undefined;
  #loading: Promise<Fold> | undefined;
  /** The last durable entry. */
  #head: LogHead = { position: 0, digest: zeroDigest, timeMs: 0 };
  #queue: Waiting[] = [];
  #queuedBytes = 0;
  #scheduled = false;
  /** Resolves when nothing is being decided; whoever needs the state for himself waits for it. */
  #busy: Promise<void> | undefined;
  #closing = false;
  #fault: StoreFailure | undefined;

  /** @param parts what it is made of; `start` must be called before anything else */
  constructor(parts: MachineParts) {
    this.#parts = parts;
  }

  /**
   * Reads the state from the log.
   *
   * @throws a failure of the log
   */
  async start(): Promise<void> {
    await this.#loaded();
  }

  submit(operation: Operation, options: SubmitOptions): Promise<Receipt> {
    return this.#families.concerns(operation)
      ? this.#submitPrepared(operation, options)
      : this.#submit(operation, options);
  }

  async #submitPrepared(operation: Operation, options: SubmitOptions): Promise<Receipt> {
    this.#checkOpen();
    if (this.#fold === undefined) await this.#loaded();
    await this.#families.prepare(parseOperation(operation), options.payloads ?? []);
    return this.#submit(operation, options);
  }

  #submit(operation: Operation, options: SubmitOptions): Promise<Receipt> {
    return new Promise((answer, fail) => {
      this.#checkOpen();
      this.#enqueue(this.#waitingFor(operation, { ...options, answer, fail }));
    });
  }

  /** What is to be decided, or the reason why it cannot be. */
  #waitingFor(operation: Operation, options: SubmitOptions & Pick<Waiting, "answer" | "fail">): Waiting {
    const known = parseOperation(operation);
    // What a stamp holds comes from the host's own code; a slip there must not reach the log, which could then not be read.
    const read = readStamp({ ...options.caller, causes: options.causes ?? [], timeMs: this.#parts.clock() });
    if ("problem" in read)
      throw new StoreFailure("operation_malformed", {
        message: `Cannot submit the operation: ${read.problem}`,
        retry: "never",
      });
    const payloads = options.payloads ?? [];
    const bytes = payloads.reduce((sum, draft) => sum + draft.bytes.length, 0);
    if (this.#queue.length >= queueOperationsMax || (bytes > 0 && this.#queuedBytes + bytes > queueBytesMax))
      throw new StoreFailure("queue_full", {
        message: `Cannot submit the operation: ${this.#queue.length} operations with ${this.#queuedBytes} bytes of payloads wait already`,
        retry: "later",
      });
    const { answer, fail } = options;
    const named = { contents: contentsOf(known), drafts: draftsOf(payloads), erases: erasedBy(known) };
    return { operation: known, stamp: read.stamp, ...named, bytes, answer, fail };
  }

  async view<T>(select: (state: KernelState) => T): Promise<T> {
    for (;;) {
      this.#checkOpen();
      if (this.#fold === undefined) await this.#loaded();
      if (this.#fold === undefined) continue;
      const seen = attempt(select, this.#fold.state);
      // What was looked at may be ahead of what is durable. It is told when it is durable, and looked at again if it never was.
      if (this.#inFlight.count > 0 && (await this.#inFlight.landed()) !== undefined) continue;
      if ("thrown" in seen) throw seen.thrown;
      return seen.value;
    }
  }

  watch(
    after: number,
    { signal, filter }: { readonly signal: StopSignal; readonly filter?: LogFilter },
  ): AsyncGenerator<RecordedEntry, void> {
    const entries = this.#watch(after, signal);
    if (filter === undefined) return entries;
    const read = async (position: number): Promise<string | undefined> =>
      (await this.#parts.log.read({ after: position - 1, limit: 1 }))[0]?.bytes;
    return passing(entries, { filter, read });
  }

  async *#watch(after: number, signal: StopSignal): AsyncGenerator<RecordedEntry, void> {
    const cursor = { after };
    const source = {
      bell: this.#bell,
      head: () => {
        // Nothing will come any more, and whoever waits for it must not wait for ever.
        if (this.#fault !== undefined) throw this.#fault;
        return this.#head.position;
      },
      read: (from: number) => {
        cursor.after = from;
        return this.read(from, { limit: readEntriesMax });
      },
      positionOf: (recorded: RecordedEntry) => recorded.entry.position,
    };
    this.#recent.join(cursor);
    try {
      yield* follow(after, { source, signal });
    } finally {
      this.#recent.leave(cursor);
    }
  }

  async read(after: number, { limit }: { readonly limit: number }): Promise<readonly RecordedEntry[]> {
    const recent = this.#recent.after(after, Math.min(limit, readEntriesMax));
    return (
      recent ??
      (await this.#parts.log.read({ after, limit }))
        .filter((row) => row.position <= this.#head.position)
        .map(recordedOf)
    );
  }

  /**
   * Entries that pass a filter, after a position.
   *
   * @returns at most `page.limit`, oldest first
   */
  async find(filter: LogFilter, page: LogPage): Promise<readonly RecordedEntry[]> {
    const rows = await this.#parts.log.find(filter, page);
    return rows.filter((row) => row.position <= this.#head.position).map(recordedOf);
  }

  /**
   * The cursor after which all entries have an effective time at or above `timeMs`.
   *
   * @returns a position, or 0
   */
  async seek(timeMs: number): Promise<number> {
    return this.#parts.log.seek(timeMs);
  }

  /**
   * The last durable entry.
   *
   * @returns its position, digest and effective time
   */
  async head(): Promise<LogHead> {
    await this.#loaded();
    return this.#head;
  }

  seal(bytes: Uint8Array | string, references?: readonly Content[]): PayloadDraft {
    return seal(bytes, references);
  }

  async payload({ commitment }: Content): Promise<Uint8Array | undefined> {
    return (await this.#parts.log.payload(commitment))?.bytes;
  }

  /**
   * Reads a payload with the commitments that its content names.
   *
   * @returns it, or undefined when it is not in the log or was erased
   */
  async stored(commitment: string): Promise<Pick<StoredPayload, "size" | "bytes" | "children"> | undefined> {
    return this.#parts.log.payload(commitment);
  }

  /**
   * Tells whether a payload was erased.
   *
   * @returns the position of the entry that did, or undefined
   */
  async erasedAt({ commitment }: Pick<Content, "commitment">): Promise<number | undefined> {
    return this.#parts.log.erasedAt(commitment);
  }

  /**
   * Removes what was erased from wherever the log's own files may still hold it.
   *
   * @returns whether nothing of it is left: somebody who reads the log may hold it there for a while
   */
  async scrub(): Promise<boolean> {
    return this.#parts.log.scrub();
  }

  /**
   * Does something with the fold at the durable head, while nothing is decided and nothing is under way.
   *
   * @param task must not submit and wait for the answer
   * @returns what the task returns
   */
  async still<T>(task: (fold: Fold) => Promise<T>): Promise<T> {
    return this.#alone(async () => {
      await this.#inFlight.landed();
      return task(await this.#loaded());
    });
  }

  /**
   * Decides what still waits, books the counted refusals, then refuses everything new; watchers end.
   *
   * @throws a failure when the last entries could not be made durable
   */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    await this.#drain();
    if (this.#fault === undefined) {
      this.#book(Number.POSITIVE_INFINITY);
      await this.#drain();
    }
    this.#bell.close();
  }

  async #drain(): Promise<void> {
    do {
      await this.#alone(async () => this.#flush());
      await this.#inFlight.landed();
    } while (this.#queue.length > 0);
  }

  #checkOpen(): void {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#closing)
      throw new StoreFailure("vault_closed", { message: "Cannot use the vault: it is closed", retry: "never" });
  }

  #enqueue(waiting: Waiting): void {
    this.#queue.push(waiting);
    this.#queuedBytes += waiting.bytes;
    this.#schedule();
  }

  /** Lets everything that arrives in this turn of the event loop into one flush. */
  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      void this.#alone(async () => {
        this.#scheduled = false;
        if (!this.#bell.closed) await this.#flush();
      });
    });
  }

  /** One at a time: a flush, a reload, or somebody who needs the fold to himself. */
  async #alone<T>(task: () => Promise<T>): Promise<T> {
    while (this.#busy !== undefined) await this.#busy;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#busy = promise;
    try {
      return await task();
    } finally {
      this.#busy = undefined;
      resolve();
    }
  }

  /** The fold as decided, read from the log when there is none; whoever asks meanwhile waits for the same reading. */
  async #loaded(): Promise<Fold> {
    if (this.#fault !== undefined) throw this.#fault;
    if (this.#fold !== undefined) return this.#fold;
    this.#loading ??= this.#load().finally(() => (this.#loading = undefined));
    return this.#loading;
  }

  async #load(): Promise<Fold> {
    await this.#inFlight.answered();
    const fold = await this.#parts.load();
    this.#fold = fold;
    this.#inFlight.startAnew();
    this.#recent.clear();
    this.#head = fold.head;
    this.#bell.ring();
    return fold;
  }

  /** Takes what waits, has it decided, and asks for the append; who waits is told when that lands. It never throws. */
  async #flush(): Promise<void> {
    // When one lands, this is called again.
    if (this.#inFlight.count >= flushesInFlightMax) return;
    this.#book(this.#parts.clock());
    const waiting = this.#take();
    if (waiting.length === 0) return;
    let flush: Flush;
    try {
      flush = await this.#decided(waiting);
    } catch (thrown) {
      for (const one of waiting) one.fail(thrown);
      return;
    }
    const { fold, after, batch, entries } = flush;
    const append = batch.rows.length > 0 ? this.#parts.log.append(after, batch) : Promise.resolve();
    const landed = this.#inFlight.launch(flush, append);
    if (this.#parts.restsAfter?.(entries) !== true) {
      if (this.#queue.length > 0) this.#schedule();
    } else if ((await landed) === undefined) await this.#parts.atRest?.(fold);
  }

  async #decided(waiting: readonly Waiting[]): Promise<Flush> {
    for (;;) {
      const fold = await this.#loaded();
      const known = await this.#knownFor(waiting);
      // An append may have failed meanwhile, and then nothing more is decided on this fold.
      if (this.#fold === fold) return this.#decide(fold, { waiting, ...known });
    }
  }

  #durable({ fold, head, entries, receipts }: Flush): void {
    // The fold may have been read anew by now, when a later flush failed: that reading knows of these entries.
    if (head.position > this.#head.position) this.#head = head;
    if (this.#fold === fold) this.#recent.add(entries);
    for (const { waiting, receipt } of receipts) waiting.answer(receipt);
    this.#bell.ring();
    if (this.#queue.length > 0) this.#schedule();
  }

  #take(): readonly Waiting[] {
    const { length } = this.#queue;
    // While the first half becomes durable, the second is decided, and so on in turns.
    const parted = this.#inFlight.count === 0 && length >= flushPartedFrom && this.#parts.log.overlaps();
    const most = Math.min(flushOperationsMax, parted ? Math.ceil(length / 2) : length);
    let count = 0;
    let bytes = 0;
    for (const one of this.#queue) {
      if (count >= most || (count > 0 && bytes + one.bytes > flushBytesMax)) break;
      count += 1;
      bytes += one.bytes;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #knownFor(waiting: readonly Waiting[]): Promise<KnownPayloads> {
    const asked: string[] = [];
    for (const one of waiting) if (one.contents.length > 0 || one.erases.length > 0) asked.push(...unsettledOf(one));
    if (asked.length === 0) return { sizes: new Map(), erased: new Set(), elsewhere: new Set() };
    // Looked at before the log is: a flush may land meanwhile.
    const erased = this.#inFlight.erased();
    const coming = asked.flatMap((commitment): [string, number][] => {
      const size = this.#inFlight.sizeOf(commitment);
      return size === undefined ? [] : [[commitment, size]];
    });
    const sizes = new Map([...coming, ...(await this.#parts.log.payloadSizes(asked))]);
    for (const commitment of asked) {
      if (erased.has(commitment)) sizes.delete(commitment);
      else if (!sizes.has(commitment) && (await this.#parts.log.erasedAt(commitment)) !== undefined)
        erased.add(commitment);
    }
    const erases = waiting.flatMap((one) => one.erases);
    const elsewhere = erases.length === 0 ? new Set<string>() : await this.#parts.log.payloadsElsewhere(erases);
    return { sizes, erased, elsewhere };
  }

  /** A fault of the kernel stops the machine: nothing of this flush is written, and nothing after it is decided. */
  #decide(fold: Fold, of: KnownPayloads & { readonly waiting: readonly Waiting[] }): Flush {
    try {
      return decideFlush(fold, {
        ...of,
        timeMs: this.#parts.clock(),
        suppressed: this.#suppressed,
        families: this.#families,
      });
    } catch (thrown) {
      this.#fold = undefined;
      this.#fault = new StoreFailure("vault_faulted", {
        message: `Cannot use the vault: it stopped before anything wrong was written, because of a fault: ${textOf(thrown)}`,
        retry: "never",
        cause: thrown,
      });
      this.#bell.ring();
      throw this.#fault;
    }
  }

  /** The log did not answer. What it holds is read back before anybody is told, so that whoever asks next sees the truth. */
  async #unknown({ fold, receipts }: Flush, { thrown }: Failed): Promise<void> {
    if (this.#fold === fold) this.#fold = undefined;
    try {
      await this.#loaded();
    } catch {
      // The log cannot be read either: the next use tries again, and is told why it fails.
    }
    const failure = new StoreFailure("outcome_unknown", {
      message: `Cannot tell whether the operation was recorded: ${textOf(thrown)}`,
      retry: "later",
      cause: thrown,
    });
    for (const { waiting } of receipts) waiting.fail(failure);
    if (this.#queue.length > 0) this.#schedule();
  }

  #book(timeMs: number): void {
    for (const operation of this.#suppressed.take(timeMs)) {
      const again = (): void =>
        this.#suppressed.add(operation.principal, { timeMs: this.#parts.clock(), count: operation.count });
      this.#queue.unshift({
        operation,
        stamp: { timeMs: 0, ...this.#parts.host, causes: [] },
        contents: [],
        drafts: new Map(),
        erases: [],
        bytes: 0,
        answer: ({ outcome }) => ("refusal" in outcome ? again() : undefined),
        fail: again,
      });
    }
  }
}

/** What the log holds, or will when what is under way has landed, of the payloads that waiting operations name. */
interface KnownPayloads {
  readonly sizes: Map<string, number>;
  readonly erased: Set<string>;
  readonly elsewhere: ReadonlySet<string>;
}

/** What a look at the state gave, kept back until it may be told. */
function attempt<T>(
  select: (state: KernelState) => T,
  state: KernelState,
): { readonly value: T } | { readonly thrown: unknown } {
  try {
    return { value: select(state) };
  } catch (thrown) {
    return { thrown };
  }
}

function recordedOf(row: LogRow): RecordedEntry {
  return { entry: decodeEntry(row.bytes), digest: row.digest };
}

const noDrafts: ReadonlyMap<string, Brought> = new Map();

function draftsOf(drafts: readonly PayloadDraft[]): ReadonlyMap<string, Brought> {
  if (drafts.length === 0) return noDrafts;
  const byCommitment = new Map<string, Brought>();
  for (const draft of drafts) {
    const { commitment } = draft.content;
    const brought = broughtBy(draft);
    if (brought === undefined) throw mismatch(commitment, "its salt and bytes are not those committed to");
    byCommitment.set(commitment, brought);
  }
  return byCommitment;
}
