/**
 * The writing thread as the deciding thread sees it: while it makes one flush durable, the next is decided.
 *
 * It holds a connection of its own to the same files. Only one of the two connections writes at a time; which, the log
 * settles by asking this one, and waiting for its answer, or not.
 */
import { Worker } from "node:worker_threads";
import { StoreFailure } from "../../failure.ts";
import type { Followed } from "./lookup-follower.ts";
import { packWrite, unpackFailure, type ThreadAnswer, type ThreadRequest } from "./wire.ts";
import type { LogWrite } from "./writer.ts";

/** A thread that writes. What is asked of it is done in order. */
export interface WritingThread {
  /** `starting`: what is asked waits until it has opened its files; `ended`: nothing more is done. */
  readonly state: "starting" | "ready" | "ended";
  /** Writes all or nothing; durable when resolved. After one that failed it writes nothing more. */
  write(write: LogWrite): Promise<void>;
  /** Moves the write-ahead log into the database. */
  moveWal(): Promise<void>;
  /** Brings the lookup index after the log by a slice. */
  follow(limit: number): Promise<Followed>;
  /** Ends after what was asked before, its files closed. */
  close(): Promise<void>;
}

/** What a thread is started with. */
export interface ThreadPaths {
  readonly log: string;
  readonly lookup: string;
}

/**
 * Starts a thread over the files at these paths.
 *
 * @param paths of `log.db` and `lookup.db`, which exist
 * @param entry the module that the thread runs: it calls `serveWriting` with the clients that it makes of the paths
 * @returns the thread, starting
 */
export function startWritingThread(paths: ThreadPaths, entry: URL = standardEntry()): WritingThread {
  return new Thread(paths, entry);
}

/** From source the thread is a .ts file, after a build a .js file, like this one. */
function standardEntry(): URL {
  return new URL(import.meta.url.endsWith(".ts") ? "writing-worker.ts" : "writing-worker.js", import.meta.url);
}

interface Asked {
  done(answer: ThreadAnswer): void;
  fail(thrown: unknown): void;
}

class Thread implements WritingThread {
  readonly #worker: Worker;
  readonly #ended: Promise<void>;
  #asked: Asked[] = [];
  #state: "starting" | "ready" | "ended" = "starting";
  #closing = false;
  #cause: unknown;

  constructor(paths: ThreadPaths, entry: URL) {
    this.#worker = new Worker(entry, {
      workerData: paths,
      // It prints nothing; and joined to this process's own output it would make that non-blocking for everybody.
      stdout: true,
      stderr: true,
      execArgv: ["--conditions=toka-source", "--disable-warning=ExperimentalWarning"],
    });
    // Nobody waits for an idle thread: the process may end when nothing else is to be done.
    this.#worker.unref();
    this.#worker.on("message", (answer: ThreadAnswer | "ready") => this.#answered(answer));
    this.#worker.on("error", (thrown) => (this.#cause = thrown));
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#ended = promise;
    this.#worker.once("exit", () => {
      this.#end();
      resolve();
    });
  }

  get state(): "starting" | "ready" | "ended" {
    return this.#state;
  }

  async write(write: LogWrite): Promise<void> {
    const packed = packWrite(write);
    await this.#ask({ type: "write", write: packed }, [packed.content.buffer]);
  }

  async moveWal(): Promise<void> {
    await this.#ask({ type: "moveWal" });
  }

  async follow(limit: number): Promise<Followed> {
    const answer = await this.#ask({ type: "follow", limit });
    if (answer.type !== "followed") throw new Error(`Cannot follow the log: the thread answered ${answer.type}`);
    return answer.followed;
  }

  async close(): Promise<void> {
    if (this.#state !== "ended") {
      this.#closing = true;
      this.#ask({ type: "close" }).catch(() => undefined);
    }
    await this.#ended;
  }

  #ask(request: ThreadRequest, transfer: readonly ArrayBuffer[] = []): Promise<ThreadAnswer> {
    return new Promise((done, fail) => {
      if (this.#state === "ended") return fail(this.#gone());
      if (this.#asked.length === 0) this.#worker.ref();
      this.#asked.push({ done, fail });
      this.#worker.postMessage(request, transfer);
    });
  }

  #answered(answer: ThreadAnswer | "ready"): void {
    if (answer === "ready") {
      this.#state = "ready";
      return;
    }
    const asked = this.#asked.shift();
    if (this.#asked.length === 0 && !this.#closing) this.#worker.unref();
    if (answer.type === "failed") asked?.fail(unpackFailure(answer.failure));
    else asked?.done(answer);
  }

  #end(): void {
    this.#state = "ended";
    const asked = this.#asked;
    this.#asked = [];
    for (const one of asked) one.fail(this.#gone());
  }

  #gone(): StoreFailure {
    return new StoreFailure("log_unavailable", {
      message: "Cannot append to the log: its writing thread has ended",
      retry: "later",
      cause: this.#cause,
    });
  }
}
