/** Writing threads for tests: ones that take work from the first moment, and what they run when something is to go wrong. */
import { writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startWritingThread, type ThreadPaths, type WritingThread } from "../src/backends/sqlite/writing-thread.ts";

/** How a thread fails: at the write number `at`, or once the database has so many pages. */
export interface ThreadFate {
  readonly way: "dies before" | "dies after" | "full disk" | "never starts";
  readonly at: number;
}

/** Starts a thread that will fail. */
export function startFailing(paths: ThreadPaths, fate: ThreadFate): WritingThread {
  writeFileSync(join(dirname(paths.log), "fate.json"), JSON.stringify(fate));
  return startWritingThread(paths, new URL("failing-entry.ts", import.meta.url));
}

/** A thread that says it is ready while it starts: what is asked waits for it, and nothing is written elsewhere. */
export function fromTheFirst(thread: WritingThread): WritingThread {
  return {
    get state() {
      return thread.state === "starting" ? "ready" : thread.state;
    },
    write: (write) => thread.write(write),
    moveWal: () => thread.moveWal(),
    follow: (limit) => thread.follow(limit),
    close: () => thread.close(),
  };
}
