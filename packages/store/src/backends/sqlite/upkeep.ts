/**
 * Work of the SQLite log that no caller waits for: moving the write-ahead log into the database and letting the lookup
 * index follow. It is done when appends pause, and during appends only when what has piled up passes a bound.
 */
import type { DatabaseSync } from "node:sqlite";
import { lookupLagBusyMax, lookupLagMax, walPagesBusyMax, walPagesIdleMax } from "../../limits.ts";
import type { Lookups } from "./lookups.ts";

const pageBytes = 4_096;

/** Milliseconds without an append that count as a pause. */
const pauseMs = 20;

/** Milliseconds between two slices in a pause, so that a caller who arrives waits for one slice at most. */
const sliceGapMs = 1;

/** The upkeep of one connection. */
export class Upkeep {
  readonly #db: DatabaseSync;
  readonly #lookups: Lookups;
  readonly #position: () => number;
  #walPages = 0;
  #appends = 0;
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param of the connection: its database, its lookups, and how to ask for the head's position
   */
  constructor(of: { readonly db: DatabaseSync; readonly lookups: Lookups; readonly position: () => number }) {
    this.#db = of.db;
    this.#lookups = of.lookups;
    this.#position = of.position;
  }

  /**
   * Notes an append of about `bytes`, and does what cannot be put off any longer.
   *
   * @param bytes of the rows and payloads written
   */
  appended(bytes: number): void {
    this.#appends += 1;
    this.#walPages += 2 + Math.ceil(bytes / pageBytes);
    if (this.#walPages > walPagesBusyMax) this.#moveWal();
    if (this.#behind() > lookupLagBusyMax) this.#follow();
    if (this.#timer === undefined && this.#due()) this.#arm(pauseMs);
  }

  /** Does everything that is left; called once, before a clean close. */
  finish(): void {
    this.stop();
    // What is left to the next opening, it waits for.
    while (this.#behind() > lookupLagMax && this.#follow());
    this.#moveWal();
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #due(): boolean {
    return this.#walPages > walPagesIdleMax || this.#behind() > lookupLagMax;
  }

  #behind(): number {
    return this.#lookups.behind(this.#position());
  }

  #arm(afterMs: number): void {
    const before = this.#appends;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#appends !== before) return this.#arm(pauseMs);
      const moved = this.#walPages > walPagesIdleMax ? this.#moveWal() : this.#follow();
      // Without progress there is nothing to come back for: the next append tries again.
      if (moved && this.#due()) this.#arm(sliceGapMs);
    }, afterMs);
    this.#timer.unref();
  }

  #moveWal(): boolean {
    try {
      // Passive: moves what no reader holds and waits for nobody.
      this.#db.prepare("PRAGMA wal_checkpoint(PASSIVE)").get();
    } catch {
      // A full disk shows at the next append, where somebody waits for the answer. The log itself is whole.
    }
    this.#walPages = 0;
    return true;
  }

  /** @returns whether the index came nearer to the head */
  #follow(): boolean {
    const before = this.#behind();
    try {
      this.#lookups.advance(lookupLagMax);
    } catch {
      // The lookup index is derived: whoever needs it next meets the error, and the log is not harmed.
    }
    return this.#behind() < before;
  }
}
