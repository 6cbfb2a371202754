/** What a fork finds in the logs of those that it comes from: entries by what they are found by, and payloads. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { StoreFailure } from "../../failure.ts";
import { fileLockWaitMs } from "../../limits.ts";
import type { LogBatch, LogFilter, PayloadReference, StoredPayload } from "../../log.ts";
import { lookupVersion, payloadKey, positionsIn } from "./lookups.ts";
import { everywhere, inTurn, type Postings } from "./postings.ts";
import type { Prefix, PrefixPart } from "./prefix.ts";
import { integer, payloadOf } from "./rows.ts";

/**
 * The failure of whoever needs what lies with a parent.
 *
 * @param missing why it cannot be had
 * @returns a failure `parent_missing`
 */
export function beginningMissing(missing: string): StoreFailure {
  return new StoreFailure("parent_missing", {
    message: `Cannot read the beginning of the log, which lies with the vault that it was forked from: ${missing}; bring that vault back, or write its new folder into the file "parent"`,
    retry: "later",
  });
}

/** The beginning of one log. */
export class PrefixReader {
  readonly #log: DatabaseSync;
  readonly #prefix: Prefix | undefined;
  /** The lookup index of each part, opened at first need; null where it is of no use. */
  readonly #indexes = new Map<string, DatabaseSync | null>();

  /**
   * @param log a connection, joined with its beginning
   * @param prefix what was joined; undefined for a log that is whole
   */
  constructor(log: DatabaseSync, prefix: Prefix | undefined) {
    this.#log = log;
    this.#prefix = prefix;
  }

  /**
   * Whoever reads on from a position needs what lies behind it.
   *
   * @throws StoreFailure `parent_missing`
   */
  need(after: number): void {
    const { base, missing } = this.#prefix ?? { base: 0, missing: undefined };
    if (missing !== undefined && after < base) throw beginningMissing(missing);
  }

  /**
   * Positions in the beginning, and then those of the log's own index.
   *
   * @param own of the log's own entries
   * @param filter that they pass
   * @returns positions in order
   */
  before(own: Postings, filter: LogFilter): Postings {
    const parts = this.#prefix?.parts ?? [];
    if (parts.length === 0) return own;
    const within = parts.map((part) => {
      const index = this.#indexOf(part);
      return { postings: index === null ? everywhere : positionsIn(index, filter), ...part };
    });
    const { base = 0 } = this.#prefix ?? {};
    return inTurn([...within.toReversed(), { postings: own, after: base, upTo: Number.POSITIVE_INFINITY }]);
  }

  /**
   * A payload that the beginning's entries name.
   *
   * @returns it, or undefined when there is none
   */
  payload(commitment: string): StoredPayload | undefined {
    for (const part of this.#prefix?.parts ?? []) {
      const found = this.#payloadIn(part, commitment);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /**
   * Has a batch bring what its entries name of the beginning's payloads: a fork stores what its own entries name.
   *
   * @param batch as it was asked
   * @param idOf tells whether the log holds a payload itself
   * @returns the batch, with what these payloads name behind each
   */
  bringing(batch: LogBatch, idOf: (commitment: string) => number | undefined): LogBatch {
    if ((this.#prefix?.parts.length ?? 0) === 0) return batch;
    const payloads: PayloadReference[] = [];
    const stored = new Set<string>();
    const refer = (named: PayloadReference): void => {
      const { commitment } = named;
      if (named.stored !== undefined || stored.has(commitment) || idOf(commitment) !== undefined) {
        if (named.stored !== undefined) stored.add(commitment);
        payloads.push(named);
        return;
      }
      const found = this.payload(commitment);
      // Of one that is nowhere `settleWrite` says so.
      payloads.push(found === undefined ? named : { commitment, stored: found });
      stored.add(commitment);
      for (const child of found?.children ?? []) refer({ commitment: child });
    };
    batch.payloads.forEach(refer);
    return { ...batch, payloads };
  }

  /** Closes what it opened; the log's connection stays. */
  close(): void {
    for (const index of this.#indexes.values()) index?.close();
    this.#indexes.clear();
  }

  #payloadIn({ name, ...part }: PrefixPart, commitment: string): StoredPayload | undefined {
    const index = this.#indexOf({ name, ...part });
    const find = this.#log.prepare(`SELECT * FROM ${name}.payloads WHERE id = ? AND commitment = ?`);
    const ids = index?.prepare("SELECT id FROM payload_keys WHERE key = ?").all(payloadKey(commitment)) ?? [];
    for (const row of ids) {
      const found = find.get(integer(row, "id"), commitment);
      if (found !== undefined) return payloadOf(found);
    }
    // The index lags behind: what it has not come to yet is looked through.
    const mark = index?.prepare("SELECT at FROM marks WHERE name = 'payloads'").get();
    const after = mark === undefined ? 0 : integer(mark, "at");
    const late = this.#log.prepare(`SELECT * FROM ${name}.payloads WHERE id > ? AND commitment = ?`);
    const found = late.get(after, commitment);
    return found === undefined ? undefined : payloadOf(found);
  }

  #indexOf(part: PrefixPart): DatabaseSync | null {
    const known = this.#indexes.get(part.name);
    if (known !== undefined) return known;
    const opened = openIndex(part, this.#log);
    this.#indexes.set(part.name, opened);
    return opened;
  }
}

/** The lookup index beside a parent's log, when it has come as far as is shared and follows that very log. */
function openIndex({ name, folder, upTo }: PrefixPart, log: DatabaseSync): DatabaseSync | null {
  const path = join(folder, "lookup.db");
  if (!existsSync(path)) return null;
  const index = new DatabaseSync(path, { readOnly: true, timeout: fileLockWaitMs });
  try {
    const version = index.prepare("PRAGMA user_version").get()?.["user_version"];
    const mark = index.prepare("SELECT at, digest FROM marks WHERE name = 'entries'").get();
    const at = mark === undefined ? 0 : integer(mark, "at");
    const row = log.prepare(`SELECT digest FROM ${name}.entries WHERE position = ?`).get(at);
    if (version === lookupVersion && at >= upTo && row?.["digest"] === mark?.["digest"]) return index;
  } catch {
    // It is made again by who opens that vault; here everything is looked through instead.
  }
  index.close();
  return null;
}
