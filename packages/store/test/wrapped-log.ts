/** Logs that misbehave, for tests: a log with some of its answers replaced. */
import type { Log, LogBatch } from "../src/log.ts";

/** `log`, but for the methods in `instead`. */
export function wrapped(log: Log, instead: Partial<Log>): Log {
  return {
    head: () => log.head(),
    append: (expected, batch) => log.append(expected, batch),
    read: (page) => log.read(page),
    find: (filter, page) => log.find(filter, page),
    seek: (timeMs) => log.seek(timeMs),
    watch: (after, options) => log.watch(after, options),
    payloadSizes: (commitments) => log.payloadSizes(commitments),
    payload: (commitment) => log.payload(commitment),
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
