/**
 * The threads beside a connection: one that takes large appends, and one that does the upkeep while appends do not pause.
 *
 * They are started when there is work for them, and end when there has been none for a while: a process that serves for
 * days must not hold what one busy minute needed.
 */
import { threadIdleMs, threadRowsMin } from "../../limits.ts";
import type { LogWrite } from "./writer.ts";
import type { WritingThread } from "./writing-thread.ts";

/** How threads are had. */
export interface ThreadClients {
  /** Starts a thread that writes to the same files; without it everything is written from the caller's thread. */
  startThread?(): WritingThread;
  /** Rows of an append from which a thread writes it. */
  readonly threadRowsMin?: number;
  /** Milliseconds without work after which the threads end. */
  readonly threadIdleMs?: number;
}

/** The threads of one connection. */
export class Threads {
  readonly #clients: ThreadClients;
  #writing: WritingThread | undefined;
  #keeping: WritingThread | undefined;
  #underWay = 0;
  #tookLast = false;
  #timer: NodeJS.Timeout | undefined;
  #ending: Promise<unknown> = Promise.resolve();

  /** @param clients how threads are had */
  constructor(clients: ThreadClients) {
    this.#clients = clients;
  }

  /** The thread that takes large appends, when it is ready. */
  get writing(): WritingThread | undefined {
    return ready(this.#writing);
  }

  /** The thread that takes large appends, when it took the last one; otherwise the caller writes them. */
  get appending(): WritingThread | undefined {
    return this.#tookLast ? this.writing : undefined;
  }

  /** The thread for the upkeep, when it is ready. */
  get keeping(): WritingThread | undefined {
    return ready(this.#keeping);
  }

  /**
   * Has a thread take a write when it is large enough to be worth the way, or when others are under way there, which it must
   * not overtake.
   *
   * @returns when it is durable; undefined when the caller is to write it himself
   */
  take(write: LogWrite): Promise<void> | undefined {
    const taken = this.#taken(write);
    this.#tookLast = taken !== undefined;
    return taken;
  }

  #taken(write: LogWrite): Promise<void> | undefined {
    if (this.#underWay === 0) {
      if (write.rows.length < (this.#clients.threadRowsMin ?? threadRowsMin)) return undefined;
      this.#writing ??= this.#clients.startThread?.();
      this.#restAfterwards();
      // While it starts nobody waits for it, and nobody misses one that could not start or has ended.
      if (this.writing === undefined) return undefined;
    }
    return this.#writing === undefined ? undefined : this.#write(this.#writing, write);
  }

  /** Starts the thread for the upkeep, for which there is work although appends do not pause. */
  needKeeping(): void {
    if (this.writing !== undefined) this.#keeping ??= this.#clients.startThread?.();
  }

  /** Ends the threads after what they were asked for. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#end();
    await this.#ending;
  }

  async #write(thread: WritingThread, write: LogWrite): Promise<void> {
    this.#underWay += 1;
    try {
      await thread.write(write);
    } finally {
      this.#underWay -= 1;
      this.#restAfterwards();
    }
  }

  /** Moving the timer costs next to nothing; it is asked for at every large append. */
  #restAfterwards(): void {
    if (this.#timer !== undefined) this.#timer.refresh();
    else this.#timer = setTimeout(() => this.#rest(), this.#clients.threadIdleMs ?? threadIdleMs).unref();
  }

  #rest(): void {
    this.#timer = undefined;
    if (this.#underWay > 0) this.#restAfterwards();
    else this.#end();
  }

  #end(): void {
    const ending = [this.#ending];
    for (const thread of [this.#writing, this.#keeping]) if (thread !== undefined) ending.push(thread.close());
    this.#writing = undefined;
    this.#keeping = undefined;
    this.#ending = Promise.all(ending);
  }
}

function ready(thread: WritingThread | undefined): WritingThread | undefined {
  return thread?.state === "ready" ? thread : undefined;
}
