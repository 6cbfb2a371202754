/** What the writing thread runs. Its other side is `writing-thread.ts`, which starts it with exactly these paths. */
import { parentPort, workerData } from "node:worker_threads";
import { clientsAt } from "./file.ts";
import { serveWriting } from "./serve-writing.ts";
import type { ThreadPaths } from "./writing-thread.ts";

const paths: ThreadPaths = workerData;
if (parentPort === null) throw new Error("Cannot write: this module runs on a thread of its own");
serveWriting(parentPort, clientsAt(paths));
