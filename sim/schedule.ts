/**
 * Virtual time: everything that takes time in a simulation waits here, and goes on in the order of its moment.
 *
 * Nothing else in a simulation waits for anything but turns of the event loop, which are taken in the order of their asking; so one
 * seed gives one course of events.
 */

/** Whose waits they are: they end with him. */
export type Owner = object;

interface Wait {
  readonly dueMs: number;
  /** Who asked first goes on first. */
  readonly order: number;
  readonly owner: Owner;
  readonly task: () => void;
}

/** The waits of one simulation. */
export class Schedule {
  #nowMs = 0;
  #order = 0;
  #steps = 0;
  #waits: Wait[] = [];

  /** Milliseconds since the simulation began; they never go back. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Waits that are over. */
  get steps(): number {
    return this.#steps;
  }

  /** @returns how many wait */
  get waiting(): number {
    return this.#waits.length;
  }

  /**
   * Calls once when a span is over.
   *
   * @param owner with whom it ends
   * @param of `ms` from now, and what to do then
   * @returns what forgets it
   */
  after(owner: Owner, { ms, task }: { readonly ms: number; readonly task: () => void }): () => void {
    const wait: Wait = { dueMs: this.#nowMs + ms, order: (this.#order += 1), owner, task };
    const at = this.#waits.findLastIndex((other) => other.dueMs <= wait.dueMs);
    this.#waits.splice(at + 1, 0, wait);
    return () => {
      this.#waits = this.#waits.filter((other) => other !== wait);
    };
  }

  /** @returns when a span is over; never, when its owner ends before */
  wait(owner: Owner, ms: number): Promise<void> {
    return new Promise((task) => {
      this.after(owner, { ms, task });
    });
  }

  /** Forgets all that somebody waits for. */
  end(owner: Owner): void {
    this.#waits = this.#waits.filter((wait) => wait.owner !== owner);
  }

  /**
   * Lets the next one go on, and everything that follows from it without waiting.
   *
   * @returns false when nobody waits
   */
  async step(): Promise<boolean> {
    const next = this.#waits.shift();
    if (next === undefined) return false;
    this.#nowMs = next.dueMs;
    this.#steps += 1;
    next.task();
    await turn();
    return true;
  }
}

/** @returns when everything that could go on by itself has: the machine flushes in the turn after the asking */
export async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
