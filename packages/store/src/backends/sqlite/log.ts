/**
 * The Log in SQLite: one transaction an append, WAL with `synchronous = FULL`.
 *
 * A small append is written from the caller's thread, where nothing is quicker; a large one, and whatever comes while it
 * is under way, from a thread of its own, so that the caller can go on. Both write by the same code, and never at once.
 * After a failed append nobody knows what the disk holds, so the connections are thrown away; the next use opens others,
 * which read what is really there.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { zeroDigest } from "../../digest.ts";
import { StoreFailure, textOf } from "../../failure.ts";
import { Bell, follow } from "../../follow.ts";
import { lookupLagMax, readEntriesMax, scrubAgainMs } from "../../limits.ts";
import { checkOrder, conflict, holds } from "../../log-order.ts";
import type { CheckpointRow, Log, LogBatch, LogFilter, LogHead, LogPage, LogRow, StoredPayload } from "../../log.ts";
import type { Traces } from "../../traces.ts";
import { isDamage } from "./result-code.ts";
import { LookupFollower, tracesOver } from "./lookup-follower.ts";
import { Lookups } from "./lookups.ts";
import type { Prefix } from "./prefix.ts";
import { PrefixReader } from "./prefix-reader.ts";
import { bringUpToDate } from "./schema.ts";
import { checkpointOf, entryColumns, entryOf, erasedAtIn, integer, payloadOf } from "./rows.ts";
import { Upkeep, type UpkeepWork } from "./upkeep.ts";
import { appendFailure } from "./wire.ts";
import { settleWrite } from "./settle-write.ts";
import { LogWriter, type LogWrite } from "./writer.ts";
import { Threads, type ThreadClients } from "./threads.ts";

/** How the log reaches its two databases. Each call opens a connection; `discardLookup` throws the lookup file away. */
export interface SqliteClients extends ThreadClients {
  /** Opens `log.db`, whose schema exists. */
  connect(): DatabaseSync;
  /** Joins a connection to the log with the beginning that it shares with a parent; without it a log is whole. */
  join?(db: DatabaseSync): Prefix;
  /** Opens `lookup.db`, made when absent. */
  connectLookup(): DatabaseSync;
  /** Deletes `lookup.db`. */
  discardLookup(): void;
  /** Milliseconds without an append that count as a pause, in which upkeep is done. */
  readonly pauseMs?: number;
}

/**
 * Opens the log for its one writer.
 *
 * @returns the log
 * @throws StoreFailure `vault_damaged` when the file is not a log of this format, `log_unavailable` when it cannot be opened
 */
export function openSqliteLog(clients: SqliteClients): Log {
  return new SqliteLog(clients);
}

/** An open connection with its prepared statements, and the threads that work beside it. */
interface Connection {
  readonly db: DatabaseSync;
  readonly writer: LogWriter;
  readonly lookups: Lookups;
  readonly follower: LookupFollower;
  readonly upkeep: Upkeep;
  readonly payloadSize: StatementSync;
  readonly readEntries: StatementSync;
  readonly entryAt: StatementSync;
  readonly traces: Traces;
  readonly prefix: PrefixReader;
  readonly threads: Threads;
  /** What was erased may still stand in the write-ahead log. */
  unscrubbed: boolean;
  /** The durable head. */
  head: LogHead;
  /** Where the log ends once all that was asked for is durable, and the last row of its payloads. */
  asked: { readonly position: number; readonly payloadId: number };
}

class SqliteLog implements Log {
  readonly #clients: SqliteClients;
  readonly #bell = new Bell();
  readonly #ending = new Set<Promise<void>>();
  #connection: Connection | undefined;

  constructor(clients: SqliteClients) {
    this.#clients = clients;
    this.#connected();
  }

  async head(): Promise<LogHead> {
    return this.#connected().head;
  }

  async append(expectedPosition: number, batch: LogBatch): Promise<void> {
    const connection = this.#connected();
    const { asked } = connection;
    if (expectedPosition !== asked.position) throw conflict(expectedPosition, asked.position);
    checkOrder(expectedPosition, batch.rows);
    const last = batch.rows.at(-1);
    if (last === undefined) return;
    const settled = connection.prefix.bringing(batch, (commitment) => connection.lookups.payloadId(commitment));
    const write = settleWrite(settled, { afterId: asked.payloadId, lookups: connection.lookups });
    connection.asked = { position: last.position, payloadId: asked.payloadId + write.payloads.length };
    for (const payload of write.payloads) connection.lookups.notePayload(payload);
    try {
      const taken = connection.threads.take(write);
      if (taken === undefined) connection.writer.write(write);
      else await taken;
    } catch (thrown) {
      this.#abandon(connection);
      throw appendFailure(thrown);
    }
    connection.head = { position: last.position, digest: last.digest, timeMs: last.timeMs };
    const room = connection.upkeep.appended(bytesOf(write));
    if (write.erased.length > 0) {
      connection.unscrubbed = true;
      this.#scrubSoon(connection);
    }
    this.#bell.ring();
    // It is durable, and whoever watches sees it; whoever appends more comes after the room for it is there.
    await room;
  }

  overlaps(): boolean {
    return this.#connection?.threads.writing !== undefined;
  }

  async read({ after, limit }: LogPage): Promise<readonly LogRow[]> {
    const { readEntries, prefix } = this.#connected();
    prefix.need(after);
    return readable(() => readEntries.all(after, Math.min(limit, readEntriesMax)).map(entryOf));
  }

  async find(filter: LogFilter, { after, limit }: LogPage): Promise<readonly LogRow[]> {
    if (Object.values(filter).every((value) => value === undefined)) return this.read({ after, limit });
    while (!(await this.#follow(this.#connected(), lookupLagMax)));
    const { lookups, entryAt, traces, prefix } = this.#connected();
    prefix.need(after);
    const positions = prefix.before(lookups.positions(filter), filter);
    const most = Math.min(limit, readEntriesMax);
    const found: LogRow[] = [];
    for (let at = positions.next(after); at !== undefined && found.length < most; at = positions.next(at)) {
      const position = at;
      const kept = readable(() => entryAt.get(position));
      const row = kept === undefined ? undefined : entryOf(kept);
      if (row !== undefined && holds(row, { filter, traces })) found.push(row);
    }
    return found;
  }

  async seek(timeMs: number): Promise<number> {
    const { db, head } = this.#connected();
    const timeAt = db.prepare("SELECT time_ms FROM entries WHERE position = ?");
    let low = 0;
    let high = head.position;
    // Effective time never falls from row to row, so the rows are sorted by it already.
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const row = timeAt.get(middle + 1);
      if (row !== undefined && integer(row, "time_ms") < timeMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  watch(after: number, { signal }: { readonly signal: AbortSignal }): AsyncIterable<LogRow> {
    const source = {
      bell: this.#bell,
      head: () => this.#connected().head.position,
      read: (from: number) => this.read({ after: from, limit: readEntriesMax }),
      positionOf: (row: LogRow) => row.position,
    };
    return follow(after, { source, signal });
  }

  async payloadSizes(commitments: readonly string[]): Promise<ReadonlyMap<string, number>> {
    const { payloadSize: sizeOf, prefix } = this.#connected();
    const sizes = new Map<string, number>();
    for (const commitment of commitments) {
      const id = this.#payloadId(commitment);
      const row = id === undefined ? undefined : sizeOf.get(id, commitment);
      // What the log holds itself, and has erased, a parent may still hold: it is gone for this log.
      const shared = id === undefined ? prefix.payload(commitment)?.size : undefined;
      const size = row === undefined ? shared : integer(row, "size");
      if (size !== undefined) sizes.set(commitment, size);
    }
    return sizes;
  }

  async payloadsElsewhere(commitments: readonly string[]): Promise<ReadonlySet<string>> {
    const { prefix } = this.#connected();
    return new Set(
      commitments.filter((one) => this.#payloadId(one) === undefined && prefix.payload(one) !== undefined),
    );
  }

  async erasedAt(commitment: string): Promise<number | undefined> {
    const id = this.#payloadId(commitment);
    if (id === undefined) return undefined;
    const { db } = this.#connected();
    // The length first: of a payload that is there, nothing else is to be read.
    const sql = "SELECT salt, bytes FROM payloads WHERE id = ? AND commitment = ? AND length(salt) = 0";
    const row = readable(() => db.prepare(sql).get(id, commitment));
    return row === undefined ? undefined : erasedAtIn({ salt: row["salt"], bytes: row["bytes"] });
  }

  async scrub(): Promise<boolean> {
    const connection = this.#connected();
    if (connection.unscrubbed && connection.writer.emptyWal()) connection.unscrubbed = false;
    return !connection.unscrubbed;
  }

  async payload(commitment: string): Promise<StoredPayload | undefined> {
    const id = this.#payloadId(commitment);
    const { db, prefix } = this.#connected();
    if (id === undefined) return prefix.payload(commitment);
    const row = readable(() => db.prepare("SELECT * FROM payloads WHERE id = ?").get(id));
    const payload = row === undefined ? undefined : payloadOf(row);
    return payload?.commitment === commitment ? payload : undefined;
  }

  async putCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    this.#connected().db.prepare("INSERT INTO main.checkpoints VALUES (?, ?)").run(checkpoint.size, checkpoint.note);
  }

  async checkpoints({ after, limit }: LogPage): Promise<readonly CheckpointRow[]> {
    return this.#connected()
      .db.prepare("SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?")
      .all(after, limit)
      .map(checkpointOf);
  }

  async lastCheckpoint(): Promise<CheckpointRow | undefined> {
    const { db } = this.#connected();
    const row = readable(() => db.prepare("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").get());
    return row === undefined ? undefined : checkpointOf(row);
  }

  async close(): Promise<void> {
    if (this.#bell.closed) return;
    this.#bell.close();
    const connection = this.#connection;
    this.#connection = undefined;
    await Promise.all([...this.#ending, connection?.threads.close()]);
    if (connection === undefined) return;
    await connection.upkeep.finish();
    connection.prefix.close();
    connection.lookups.close();
    connection.db.close();
  }

  /** @returns whether the lookup index has reached the end of the log */
  async #follow({ threads, follower, lookups }: Connection, limit: number): Promise<boolean> {
    const aside = threads.keeping ?? threads.writing;
    const followed = aside === undefined ? follower.advance(limit) : await aside.follow(limit);
    lookups.followed(followed);
    return followed.atEnd;
  }

  /** At once, and again until nobody reads there: whoever verifies the vault does so from one moment, which the file holds for him. */
  #scrubSoon(connection: Connection): void {
    if (this.#connection !== connection || !connection.unscrubbed) return;
    if (connection.writer.emptyWal()) connection.unscrubbed = false;
    else setTimeout(() => this.#scrubSoon(connection), scrubAgainMs).unref();
  }

  async #moveWal({ threads, writer }: Connection): Promise<void> {
    // Most of it beside the appends, when they have a thread of their own. What came meanwhile is little: moved between two appends, by
    // whoever writes them, it lets the file begin anew. A file that only grew would cost every append a change of its length.
    if (threads.appending !== undefined) await threads.keeping?.moveWal();
    if (threads.appending === undefined) writer.moveWal();
    else await threads.appending.moveWal();
  }

  #payloadId(commitment: string): number | undefined {
    return this.#connected().lookups.payloadId(commitment);
  }

  #connected(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    if (this.#bell.closed)
      throw new StoreFailure("log_unavailable", { message: "Cannot use the log: it is closed", retry: "never" });
    try {
      const connection = this.#opened();
      this.#connection = connection;
      this.#scrubSoon(connection);
      return connection;
    } catch (thrown) {
      if (thrown instanceof StoreFailure) throw thrown;
      throw new StoreFailure("log_unavailable", {
        message: `Cannot open the log: ${textOf(thrown)}`,
        retry: "later",
        cause: thrown,
      });
    }
  }

  #opened(): Connection {
    const connection = connectionOver(this.#clients, {
      pauseMs: this.#clients.pauseMs,
      busy: () => connection.threads.needKeeping(),
      moveWal: () => this.#moveWal(connection),
      follow: (limit) => this.#follow(connection, limit),
      behind: () => connection.lookups.behind(connection.head.position),
    });
    return connection;
  }

  /** Throws a connection away, whatever state it is in: what it believes is no longer evidence. */
  #abandon(connection: Connection): void {
    if (this.#connection !== connection) return;
    this.#connection = undefined;
    connection.upkeep.stop();
    const ending: Promise<void> = connection.threads.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
    for (const close of [
      () => connection.prefix.close(),
      () => connection.lookups.close(),
      () => connection.db.close(),
    ]) {
      try {
        close();
      } catch {
        // A connection that cannot even close holds nothing that a new one would need.
      }
    }
  }
}

/** Reads, and says of a file that SQLite cannot read what it is: damaged. */
function readable<T>(read: () => T): T {
  try {
    return read();
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    throw new StoreFailure("vault_damaged", {
      message: `Cannot read the log: its file is damaged: ${textOf(thrown)}`,
      retry: "never",
      cause: thrown,
    });
  }
}

/** Of rows and payloads, roughly. */
function bytesOf({ rows, payloads }: LogWrite): number {
  let bytes = 0;
  for (const row of rows) bytes += row.bytes.length;
  for (const payload of payloads) bytes += payload.bytes.length;
  return bytes;
}

function connectionOver(clients: SqliteClients, work: UpkeepWork): Connection {
  const db = clients.connect();
  try {
    bringUpToDate(db);
    const prefix = new PrefixReader(db, clients.join?.(db));
    const writer = new LogWriter(db);
    const { index, lookups } = lookupsOver(clients, db);
    const last = db.prepare("SELECT position, digest, time_ms FROM entries ORDER BY position DESC LIMIT 1").get();
    const head =
      last === undefined
        ? { position: 0, digest: zeroDigest, timeMs: 0 }
        : { position: integer(last, "position"), digest: String(last["digest"]), timeMs: integer(last, "time_ms") };
    const payloads = db.prepare("SELECT coalesce(max(id), 0) AS last FROM payloads").get() ?? {};
    return {
      db,
      writer,
      lookups,
      follower: new LookupFollower({ index, log: db }),
      upkeep: new Upkeep(work),
      payloadSize: db.prepare(
        "SELECT length(bytes) AS size FROM payloads WHERE id = ? AND commitment = ? AND length(salt) > 0",
      ),
      readEntries: db.prepare(`SELECT ${entryColumns} FROM entries WHERE position > ? ORDER BY position LIMIT ?`),
      entryAt: db.prepare(`SELECT ${entryColumns} FROM entries WHERE position = ?`),
      traces: tracesOver(db),
      prefix,
      threads: new Threads(clients),
      // Whoever wrote before may have died between an erasure and the scrubbing after it.
      unscrubbed: true,
      head,
      asked: { position: head.position, payloadId: integer(payloads, "last") },
    };
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** The lookup index, made again when its file is unreadable: it holds nothing of its own. */
function lookupsOver(
  clients: SqliteClients,
  log: DatabaseSync,
): { readonly index: DatabaseSync; readonly lookups: Lookups } {
  const open = (): { index: DatabaseSync; lookups: Lookups } => {
    const index = clients.connectLookup();
    return { index, lookups: new Lookups({ index, log }) };
  };
  try {
    return open();
  } catch {
    clients.discardLookup();
    return open();
  }
}
