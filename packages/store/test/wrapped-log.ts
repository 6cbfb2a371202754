/** Logs that misbehave, for tests: a log with some of its answers replaced. */
import type { Log, LogBatch } from "../src/log.ts";

/** `log`, but for the methods in `instead`. */
export function wrapped(log: Log, instead: Partial<Log>): Log {
  return {
    head: () => log.head(),
    append: (expected, batch) => log.append(expected, batch),
    overlaps: () => log.overlaps(),
    read: (page) => log.read(page),
    find: (filter, page) => log.find(filter, page),
    seek: (timeMs) => log.seek(timeMs),
    watch: (after, options) => log.watch(after, options),
    payloadSizes: (commitments) => log.payloadSizes(commitments),
    payload: (commitment) => log.payload(commitment),
    payloadsElsewhere: (commitments) => log.payloadsElsewhere(commitments),
    erasedAt: (commitment) => log.erasedAt(commitment),
    scrub: () => log.scrub(),
    putCheckpoint: (checkpoint) => log.putCheckpoint(checkpoint),
    checkpoints: (page) => log.checkpoints(page),
    lastCheckpoint: () => log.lastCheckpoint(),
    close: () => log.close(),
    ...instead,
  };
}

/** What becomes of one append: it works, or fails before anything is written, or after everything is durable. */
export type Fate = "ok" | "before" | "after";

/** A log whose n-th append meets the n-th fate; those after the last are ok. */
export function fated(log: Log, fates: readonly Fate[]): Log {
  let appends = 0;
  return wrapped(log, {
    append: async (expected: number, batch: LogBatch) => {
      const fate = fates[appends] ?? "ok";
      appends += 1;
      if (fate === "before") throw new Error("the disk is gone");
      await log.append(expected, batch);
      if (fate === "after") throw new Error("the answer is lost");
    },
  });
}

/** All ok but the append number `at`, from 1. */
export function failsAt(at: number, when: "before" | "after"): readonly Fate[] {
  return [...Array.from({ length: at - 1 }, (): Fate => "ok"), when];
}

/** An append that waits for the test. */
export interface HeldAppend {
  readonly batch: LogBatch;
  /** Lets it through, and its answer, too. */
  release(): Promise<void>;
  /** Lets it through and keeps its answer; `answer` gives that. */
  make(): Promise<void>;
  answer(): void;
  /** Fails it with nothing written. */
  fail(): void;
  /** Lets it through and answers with a failure. */
  lose(): Promise<void>;
}

/** A log whose appends each wait for the test, in the order of their asking. */
export function held(log: Log): { readonly log: Log; readonly appends: HeldAppend[] } {
  const appends: HeldAppend[] = [];
  const append = async (expected: number, batch: LogBatch): Promise<void> => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const make = (): Promise<void> => log.append(expected, batch);
    appends.push({
      batch,
      make,
      answer: resolve,
      release: () => make().then(resolve, reject),
      fail: () => reject(new Error("the disk is gone")),
      lose: () => make().then(() => reject(new Error("the answer is lost")), reject),
    });
    return promise;
  };
  return { log: wrapped(log, { append }), appends };
}

/** Waits until a condition holds, turn by turn of the event loop. */
export async function turnsUntil(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve));
}

/** Lets everything that can happen without the test happen. */
export async function someTurns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
