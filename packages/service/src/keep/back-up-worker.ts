/** The thread that backs up a vault for the process that serves it: takes one task, and posts what came of it. */
import { parentPort, workerData } from "node:worker_threads";

import { backUp, type BackUpReport } from "@toka/store";

import { failureOf } from "../http/failure-body.ts";
import type { FailureBody } from "../http/wire.ts";

/** What the thread is started with. */
export interface BackUpTask {
  readonly dir: string;
  readonly to: string;
  readonly key: string;
  readonly head: { readonly size: number; readonly note: string };
}

/** What the thread posts. */
export type BackUpPosted = { readonly report: BackUpReport } | { readonly failure: FailureBody };

// The other side of this boundary is schedule.ts, which sends exactly this. It ends the thread when it is to stop.
const task: BackUpTask = workerData;
const posted: BackUpPosted = await backUp({ ...task, signal: new AbortController().signal }).then(
  (report) => ({ report }),
  (error: unknown) => ({ failure: failureOf(error) }),
);
parentPort?.postMessage(posted);
