/**
 * The Log in SQLite: one transaction an append, WAL with `synchronous = FULL`, on the caller's thread.
 *
 * After a failed append nobody knows what the disk holds, so the connection is thrown away; the next use opens another,
 * which reads what is really there.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { zeroDigest } from "../../digest.ts";
import { StoreFailure, textOf } from "../../failure.ts";
import { Bell, follow } from "../../follow.ts";
import { lookupLagMax, readEntriesMax, walBytesKept } from "../../limits.ts";
import { checkOrder, conflict, holds } from "../../log-order.ts";
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
import { Lookups, type LookupField } from "./lookups.ts";
import { checkpointOf, childrenText, entryColumns, entryOf, integer, payloadOf } from "./rows.ts";
import { prepareWriter } from "./schema.ts";
import { Upkeep } from "./upkeep.ts";

/** How the log reaches its two databases. Each call opens a connection; `discardLookup` throws the lookup file away. */
export interface SqliteClients {
  /** Opens `log.db`, whose schema exists. */
  connect(): DatabaseSync;
  /** Opens `lookup.db`, made when absent. */
  connectLookup(): DatabaseSync;
  /** Deletes `lookup.db`. */
  discardLookup(): void;
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

/** An open connection with its prepared statements. */
interface Connection {
  readonly db: DatabaseSync;
  readonly lookups: Lookups;
  readonly upkeep: Upkeep;
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly addEntry: StatementSync;
  readonly addPayload: StatementSync;
  readonly addReference: StatementSync;
  readonly payloadSize: StatementSync;
  readonly readEntries: StatementSync;
  head: LogHead;
}

class SqliteLog implements Log {
  readonly #clients: SqliteClients;
  readonly #bell = new Bell();
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
    if (expectedPosition !== connection.head.position) throw conflict(expectedPosition, connection.head.position);
    checkOrder(expectedPosition, batch.rows);
    const last = batch.rows.at(-1);
    if (last === undefined) return;
    const bytes = this.#write(connection, batch);
    connection.head = { position: last.position, digest: last.digest, timeMs: last.timeMs };
    connection.upkeep.appended(bytes);
    this.#bell.ring();
  }

  async read({ after, limit }: LogPage): Promise<readonly LogRow[]> {
    return this.#connected().readEntries.all(after, Math.min(limit, readEntriesMax)).map(entryOf);
  }

  async find(filter: LogFilter, { after, limit }: LogPage): Promise<readonly LogRow[]> {
    const [field, value] = narrowest(filter);
    if (field === undefined || value === undefined) return this.read({ after, limit });
    const connection = this.#connected();
    while (!connection.lookups.advance(lookupLagMax));
    const one = connection.db.prepare(`SELECT ${entryColumns} FROM entries WHERE position = ?`);
    const found: LogRow[] = [];
    for (let cursor = after; found.length < limit;) {
      const positions = connection.lookups.positions(field, {
        value,
        after: cursor,
        limit: Math.min(limit, readEntriesMax),
      });
      if (positions.length === 0) break;
      for (const position of positions) {
        cursor = position;
        const kept = one.get(position);
        const row = kept === undefined ? undefined : entryOf(kept);
        if (row !== undefined && holds(row, filter) && found.length < limit) found.push(row);
      }
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
    const sizeOf = this.#connected().payloadSize;
    const sizes = new Map<string, number>();
    for (const commitment of commitments) {
      const id = this.#payloadId(commitment);
      const row = id === undefined ? undefined : sizeOf.get(id, commitment);
      if (row !== undefined) sizes.set(commitment, integer(row, "size"));
    }
    return sizes;
  }

  async payload(commitment: string): Promise<StoredPayload | undefined> {
    const id = this.#payloadId(commitment);
    if (id === undefined) return undefined;
    const row = this.#connected().db.prepare("SELECT * FROM payloads WHERE id = ?").get(id);
    const payload = row === undefined ? undefined : payloadOf(row);
    return payload?.commitment === commitment ? payload : undefined;
  }

  async putCheckpoint(checkpoint: CheckpointRow): Promise<void> {
    this.#connected().db.prepare("INSERT INTO checkpoints VALUES (?, ?)").run(checkpoint.size, checkpoint.note);
  }

  async checkpoints({ after, limit }: LogPage): Promise<readonly CheckpointRow[]> {
    return this.#connected()
      .db.prepare("SELECT size, note FROM checkpoints WHERE size > ? ORDER BY size LIMIT ?")
      .all(after, limit)
      .map(checkpointOf);
  }

  async lastCheckpoint(): Promise<CheckpointRow | undefined> {
    const row = this.#connected().db.prepare("SELECT size, note FROM checkpoints ORDER BY size DESC LIMIT 1").get();
    return row === undefined ? undefined : checkpointOf(row);
  }

  async close(): Promise<void> {
    if (this.#bell.closed) return;
    this.#bell.close();
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.upkeep.finish();
    connection.lookups.close();
    connection.db.close();
  }

  /** One transaction. @returns the bytes of rows and payloads that were written, roughly */
  #write(connection: Connection, batch: LogBatch): number {
    let bytes = 0;
    try {
      connection.begin.run();
      for (const row of batch.rows) {
        const { position, digest, timeMs, kind, principal, agent, session, outcome } = row;
        connection.addEntry.run(position, digest, timeMs, kind, principal, agent, session, outcome, row.bytes);
        bytes += row.bytes.length;
      }
      const added = new Map<string, number>();
      for (const reference of batch.payloads) bytes += this.#writeReference(connection, { reference, added });
      connection.commit.run();
      for (const [commitment, id] of added) connection.lookups.notePayload(commitment, id);
    } catch (thrown) {
      this.#abandon();
      if (thrown instanceof StoreFailure) throw thrown;
      throw new StoreFailure("log_unavailable", {
        message: `Cannot append to the log: ${textOf(thrown)}`,
        retry: "later",
        cause: thrown,
      });
    }
    return bytes;
  }

  #writeReference(
    connection: Connection,
    { reference, added }: { readonly reference: PayloadReference; readonly added: Map<string, number> },
  ): number {
    const { commitment, stored } = reference;
    const id = added.get(commitment) ?? (reference.fresh === true ? undefined : this.#payloadId(commitment));
    if (id !== undefined) {
      connection.addReference.run(id);
      return 0;
    }
    if (stored === undefined)
      throw new StoreFailure("payload_missing", {
        message: `Cannot append to the log: payload ${commitment} is named and not stored`,
        retry: "never",
      });
    const { lastInsertRowid } = connection.addPayload.run(
      commitment,
      stored.salt,
      stored.bytes,
      childrenText(stored.children),
    );
    added.set(commitment, Number(lastInsertRowid));
    return stored.bytes.length;
  }

  #payloadId(commitment: string): number | undefined {
    return this.#connected().lookups.payloadId(commitment);
  }

  #connected(): Connection {
    if (this.#connection !== undefined) return this.#connection;
    if (this.#bell.closed)
      throw new StoreFailure("log_unavailable", { message: "Cannot use the log: it is closed", retry: "never" });
    try {
      this.#connection = connectionOver(this.#clients);
      return this.#connection;
    } catch (thrown) {
      if (thrown instanceof StoreFailure) throw thrown;
      throw new StoreFailure("log_unavailable", {
        message: `Cannot open the log: ${textOf(thrown)}`,
        retry: "later",
        cause: thrown,
      });
    }
  }

  /** Throws the connection away, whatever state it is in: what it believes is no longer evidence. */
  #abandon(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    if (connection === undefined) return;
    connection.upkeep.stop();
    for (const close of [() => connection.lookups.close(), () => connection.db.close()]) {
      try {
        close();
      } catch {
        // A connection that cannot even close holds nothing that a new one would need.
      }
    }
  }
}

function narrowest(filter: LogFilter): readonly [LookupField | undefined, string | undefined] {
  for (const field of ["agent", "session", "kind"] as const)
    if (filter[field] !== undefined) return [field, filter[field]];
  return [undefined, undefined];
}

function connectionOver(clients: SqliteClients): Connection {
  const db = clients.connect();
  try {
    prepareWriter(db, { walBytesKept });
    const lookups = lookupsOver(clients, db);
    const last = db.prepare("SELECT position, digest, time_ms FROM entries ORDER BY position DESC LIMIT 1").get();
    const connection: Connection = {
      db,
      lookups,
      upkeep: new Upkeep({ db, lookups, position: () => connection.head.position }),
      begin: db.prepare("BEGIN IMMEDIATE"),
      commit: db.prepare("COMMIT"),
      addEntry: db.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"),
      addPayload: db.prepare(
        'INSERT INTO payloads (commitment, "references", salt, bytes, children) VALUES (?, 1, ?, ?, ?)',
      ),
      addReference: db.prepare('UPDATE payloads SET "references" = "references" + 1 WHERE id = ?'),
      payloadSize: db.prepare("SELECT length(bytes) AS size FROM payloads WHERE id = ? AND commitment = ?"),
      readEntries: db.prepare(`SELECT ${entryColumns} FROM entries WHERE position > ? ORDER BY position LIMIT ?`),
      head:
        last === undefined
          ? { position: 0, digest: zeroDigest, timeMs: 0 }
          : { position: integer(last, "position"), digest: String(last["digest"]), timeMs: integer(last, "time_ms") },
    };
    return connection;
  } catch (thrown) {
    db.close();
    throw thrown;
  }
}

/** The lookup index, made again when its file is unreadable: it holds nothing of its own. */
function lookupsOver(clients: SqliteClients, log: DatabaseSync): Lookups {
  try {
    return new Lookups({ index: clients.connectLookup(), log });
  } catch {
    clients.discardLookup();
    return new Lookups({ index: clients.connectLookup(), log });
  }
}
