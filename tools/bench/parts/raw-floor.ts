/** The raw floor: what the disk itself does with so many bytes, without a database and without a kernel. */
import { closeSync, fdatasync, fdatasyncSync, openSync, rmSync, writeSync } from "node:fs";

/** How the floor is taken. */
export interface FloorOptions {
  /** File to append to; made and removed. */
  readonly path: string;
  /** Bytes of one append. */
  readonly bytes: number;
  readonly forMs: number;
}

/**
 * One caller: one write and one fdatasync for each append.
 *
 * @returns appends a second
 */
export function rawOne({ path, bytes, forMs }: FloorOptions): number {
  const file = openSync(path, "w");
  const text = "x".repeat(bytes);
  const from = performance.now();
  let appends = 0;
  while (performance.now() - from < forMs) {
    writeSync(file, text);
    fdatasyncSync(file);
    appends += 1;
  }
  const rate = (appends * 1_000) / (performance.now() - from);
  closeSync(file);
  rmSync(path);
  return rate;
}

/**
 * Many callers at once: everything that waits is written together, with one fdatasync, and then all are answered.
 *
 * @param callers how many wait at a time
 * @returns appends a second
 */
export async function rawGroup(callers: number, { path, bytes, forMs }: FloorOptions): Promise<number> {
  const file = openSync(path, "w");
  const text = "x".repeat(bytes);
  const until = performance.now() + forMs;
  let waiting: (() => void)[] = [];
  let busy = false;
  const flush = (): void => {
    if (busy || waiting.length === 0) return;
    busy = true;
    const answered = waiting;
    waiting = [];
    writeSync(file, text.repeat(answered.length));
    fdatasync(file, () => {
      busy = false;
      for (const answer of answered) answer();
      setImmediate(flush);
    });
  };
  const append = (): Promise<void> =>
    new Promise((answer) => {
      waiting.push(answer);
      if (waiting.length === 1 && !busy) setImmediate(flush);
    });
  const from = performance.now();
  let appends = 0;
  const caller = async (): Promise<void> => {
    while (performance.now() < until) {
      await append();
      appends += 1;
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  const rate = (appends * 1_000) / (performance.now() - from);
  closeSync(file);
  rmSync(path);
  return rate;
}
