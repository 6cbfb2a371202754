/**
 * Work of the SQLite log that no caller waits for: moving the write-ahead log into the database and letting the lookup
 * index follow. It is done when appends pause, and during appends only when what has piled up passes a bound.
 */
import {
  lookupLagBusyMax,
  lookupLagMax,
  lookupSliceBusyMax,
  walPagesAheadMax,
  walPagesBusyMax,
  walPagesIdleMax,
} from "../../limits.ts";

const pageBytes = 4_096;

/** What counts as a pause where nothing else is said. */
const standardPauseMs = 20;

/** Milliseconds between two slices in a pause, so that a caller who arrives waits for one slice at most. */
const sliceGapMs = 1;

/** The work itself, done at once or on the writing thread. */
export interface UpkeepWork {
  /** Told that work is due although appends do not pause. */
  busy(): void;
  /** Moves the write-ahead log into the database. */
  moveWal(): Promise<void>;
  /** Brings the lookup index nearer to the log by a slice. */
  follow(limit: number): Promise<unknown>;
  /** Rows of the log that the lookup index lacks. */
  behind(): number;
  /** Milliseconds without an append that count as a pause. */
  readonly pauseMs?: number | undefined;
}

/** The upkeep of one connection. */
export class Upkeep {
  readonly #work: UpkeepWork;
  readonly #pauseMs: number;
  #walPages = 0;
  #appends = 0;
  #timer: NodeJS.Timeout | undefined;
  #following = false;
  #moving: Promise<unknown> | undefined;

  /** @param work what is to be done */
  constructor(work: UpkeepWork) {
    this.#work = work;
    this.#pauseMs = work.pauseMs ?? standardPauseMs;
  }

  /**
   * Notes an append of about `bytes`, and begins what cannot be put off any longer.
   *
   * @param bytes of the rows and payloads written
   * @returns what the next append is to wait for, when the write-ahead log grows faster than it is moved
   */
  appended(bytes: number): Promise<unknown> | undefined {
    this.#appends += 1;
    this.#walPages += 2 + Math.ceil(bytes / pageBytes);
    if (this.#moving === undefined && this.#walPages > walPagesBusyMax) {
      this.#work.busy();
      void this.#moveWal();
    }
    if (!this.#following && this.#work.behind() > lookupLagBusyMax) {
      this.#work.busy();
      void this.#follow(lookupSliceBusyMax);
    }
    if (this.#timer === undefined && this.#due()) this.#arm(this.#pauseMs);
    return this.#walPages > walPagesAheadMax ? this.#moving : undefined;
  }

  /** Does everything that is left; called once, before a clean close. */
  async finish(): Promise<void> {
    this.stop();
    // What is left to the next opening, it waits for.
    while (this.#work.behind() > lookupLagMax && (await this.#follow(lookupLagMax)));
    await this.#moveWal();
  }

  /** Stops the timer. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #due(): boolean {
    return this.#walPages > walPagesIdleMax || this.#work.behind() > lookupLagMax;
  }

  #arm(afterMs: number): void {
    const before = this.#appends;
    this.#timer = setTimeout(() => {
      if (this.#appends === before) void this.#slice();
      else this.#arm(this.#pauseMs);
    }, afterMs);
    this.#timer.unref();
  }

  async #slice(): Promise<void> {
    const timer = this.#timer;
    const moved = this.#walPages > walPagesIdleMax ? await this.#moveWal() : await this.#follow(lookupLagMax);
    // Stopped meanwhile, or armed again.
    if (this.#timer !== timer) return;
    this.#timer = undefined;
    // Without progress there is nothing to come back for: the next append tries again.
    if (moved && this.#due()) this.#arm(sliceGapMs);
  }

  async #moveWal(): Promise<boolean> {
    this.#walPages = 0;
    // Of two moves at once the later one has the file begin anew, and is what an append waits for.
    const moving = this.#moved();
    this.#moving = moving;
    await moving;
    if (this.#moving === moving) this.#moving = undefined;
    return true;
  }

  async #moved(): Promise<void> {
    try {
      await this.#work.moveWal();
    } catch {
      // The thread that was asked has ended; the next append meets whatever ended it.
    }
  }

  /** @returns whether the index came nearer to the head */
  async #follow(limit: number): Promise<boolean> {
    const before = this.#work.behind();
    this.#following = true;
    try {
      await this.#work.follow(limit);
    } catch {
      // The lookup index is derived: whoever needs it next meets the error, and the log is not harmed.
    } finally {
      this.#following = false;
    }
    return this.#work.behind() < before;
  }
}
