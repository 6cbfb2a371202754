/** What a writing thread runs in tests: it fails, or dies, at the write that the log's folder says, and in the way it says. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { clientsAt } from "../src/backends/sqlite/file.ts";
import { serveWriting } from "../src/backends/sqlite/serve-writing.ts";
import type { ThreadRequest } from "../src/backends/sqlite/wire.ts";
import type { ThreadPaths } from "../src/backends/sqlite/writing-thread.ts";
import type { ThreadFate } from "./threads.ts";

const paths: ThreadPaths = workerData;
const fate = JSON.parse(readFileSync(join(dirname(paths.log), "fate.json"), "utf8")) as ThreadFate;
const port = parentPort;
if (port === null) throw new Error("Cannot write: this module runs on a thread of its own");
if (fate.way === "never starts") throw new Error("the thread cannot start");

let writes = 0;
// Listens before the server does, and so hears of a write before it is made.
port.on("message", ({ type }: ThreadRequest) => {
  if (type !== "write") return;
  writes += 1;
  if (writes === fate.at && fate.way === "dies before") process.exit(1);
});
const post = port.postMessage.bind(port);
port.postMessage = (answer: unknown): void => {
  if (writes === fate.at && fate.way === "dies after") process.exit(1);
  post(answer);
};
const clients = clientsAt(paths);
serveWriting(port, {
  ...clients,
  connect: () => {
    const db = clients.connect();
    if (fate.way === "full disk") db.exec(`PRAGMA max_page_count = ${fate.at}`);
    return db;
  },
});
