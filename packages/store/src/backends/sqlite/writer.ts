/**
 * The way into `log.db`: all that one flush writes, in one transaction. Which rows these are was settled before, so that
 * it does not matter on which thread the connection stands.
 */
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { fileLockWaitMs, walBytesKept } from "../../limits.ts";
import type { LogRow, PayloadRow } from "../../log.ts";
import { isErased, notErasable } from "../../log-order.ts";
import { childrenText, erasedBytes } from "./rows.ts";
import { noteWriter, prepareWriter } from "./schema.ts";

/** A payload that becomes stored. */
export interface AddedPayload extends PayloadRow {
  /** Its row: the next. */
  readonly id: number;
  /** How often the rows of this write name it. */
  readonly references: number;
}

/** What one transaction writes. */
export interface LogWrite {
  readonly rows: readonly LogRow[];
  readonly payloads: readonly AddedPayload[];
  /** Rows of payloads that were stored before, with the references that each gains. */
  readonly gained: readonly (readonly [id: number, references: number])[];
  /** Rows of payloads that are erased, those added by this write among them, with the entry that does it. */
  readonly erased: readonly (readonly [id: number, by: number])[];
}

/** A connection that writes. Whoever made it throws it away after a failure. */
export class LogWriter {
  readonly #db: DatabaseSync;
  readonly #begin: StatementSync;
  readonly #commit: StatementSync;
  readonly #addEntry: StatementSync;
  readonly #addPayload: StatementSync;
  readonly #addReferences: StatementSync;
  readonly #erase: StatementSync;
  readonly #moveWal: StatementSync;
  readonly #emptyWal: StatementSync;
  #noted = false;

  /**
   * @param db a connection to `log.db`
   * @throws StoreFailure `vault_damaged` when the file is not a log of this format
   */
  constructor(db: DatabaseSync) {
    this.#db = db;
    prepareWriter(db, { walBytesKept });
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#addEntry = db.prepare("INSERT INTO main.entries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)");
    this.#addPayload = db.prepare("INSERT INTO main.payloads VALUES (?, ?, ?, ?, ?, ?)");
    this.#addReferences = db.prepare(
      'UPDATE payloads SET "references" = "references" + ? WHERE id = ? AND length(salt) > 0',
    );
    this.#erase = db.prepare("UPDATE payloads SET salt = x'', bytes = ? WHERE id = ? AND length(salt) > 0");
    // Passive: moves what no reader holds and waits for nobody.
    this.#moveWal = db.prepare("PRAGMA wal_checkpoint(PASSIVE)");
    this.#emptyWal = db.prepare("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  /** With the first entry that this connection writes, never before: who cannot read a vault leaves no note in it. */
  #note(since: number | undefined): void {
    if (this.#noted || since === undefined) return;
    noteWriter(this.#db, since);
    this.#noted = true;
  }

  /**
   * Writes all or nothing; the disk has it when this returns.
   *
   * @throws SQLite's error, or a failure `payload_erased` or `payload_missing`, after which this connection is of no more use
   */
  write({ rows, payloads, gained, erased }: LogWrite): void {
    this.#begin.run();
    this.#note(rows[0]?.position);
    for (const { position, digest, timeMs, kind, principal, agent, session, outcome, bytes } of rows)
      this.#addEntry.run(position, digest, timeMs, kind, principal, agent, session, outcome, bytes);
    for (const { id, commitment, references, salt, bytes, children } of payloads)
      this.#addPayload.run(id, commitment, references, salt, bytes, childrenText(children));
    for (const [id, references] of gained)
      if (this.#addReferences.run(references, id).changes !== 1) throw isErased(`in row ${id}`);
    for (const [id, by] of erased)
      if (this.#erase.run(erasedBytes(by), id).changes !== 1) throw notErasable(`in row ${id}`);
    this.#commit.run();
  }

  /**
   * Moves the whole write-ahead log into the database and cuts its file to nothing: it holds pages as they were.
   *
   * @returns whether that was done; nobody may read or write meanwhile
   */
  emptyWal(): boolean {
    // Asked again later rather than waited for: whoever verifies the vault reads for as long as that takes.
    this.#db.exec("PRAGMA busy_timeout = 0");
    try {
      return this.#emptyWal.get()?.["busy"] === 0;
    } catch {
      return false;
    } finally {
      this.#db.exec(`PRAGMA busy_timeout = ${fileLockWaitMs}`);
    }
  }

  /** Moves the write-ahead log into the database, as far as no reader holds it. */
  moveWal(): void {
    try {
      this.#moveWal.get();
    } catch {
      // A full disk shows at the next append, where somebody waits for the answer. The log itself is whole.
    }
  }
}
