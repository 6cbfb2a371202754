/**
 * The work of the writing thread: takes what is asked, in order, and answers each once.
 *
 * After a write that failed nobody knows what the disk holds, so its connection is closed before the failure is told, and
 * whatever was asked after it fails, too: nothing is written behind a gap.
 */
import type { DatabaseSync } from "node:sqlite";
import type { MessagePort } from "node:worker_threads";
import { StoreFailure } from "../../failure.ts";
import { LookupFollower } from "./lookup-follower.ts";
import { prepareLookup } from "./lookups.ts";
import { packFailure, unpackWrite, type ThreadAnswer, type ThreadRequest } from "./wire.ts";
import { LogWriter } from "./writer.ts";

/** How the thread reaches its files. */
export interface WritingClients {
  connect(): DatabaseSync;
  join?(db: DatabaseSync): unknown;
  connectLookup(): DatabaseSync;
}

/**
 * Serves one log until it is told to close.
 *
 * @param port to the deciding thread
 * @param clients open the files; they are called before anything is answered
 */
export function serveWriting(port: MessagePort, clients: WritingClients): void {
  const db = clients.connect();
  clients.join?.(db);
  const writer = new LogWriter(db);
  const index = clients.connectLookup();
  prepareLookup(index);
  const files = { db, writer, index, follower: new LookupFollower({ index, log: db }) };
  port.on("message", (request: ThreadRequest) => {
    port.postMessage(answerTo(request, files));
    if (request.type === "close") port.close();
  });
  port.postMessage("ready");
}

interface Files {
  readonly db: DatabaseSync;
  readonly writer: LogWriter;
  readonly index: DatabaseSync;
  readonly follower: LookupFollower;
}

function answerTo(request: ThreadRequest, files: Files): ThreadAnswer {
  try {
    return answer(request, files);
  } catch (thrown) {
    if (request.type === "write") close(files);
    return { type: "failed", failure: packFailure(thrown) };
  }
}

function answer(request: ThreadRequest, files: Files): ThreadAnswer {
  const { db, writer, follower } = files;
  if (request.type === "close") close(files);
  else if (!db.isOpen)
    throw new StoreFailure("log_unavailable", {
      message: "Cannot append to the log: an append before this one failed",
      retry: "later",
    });
  else if (request.type === "write") writer.write(unpackWrite(request.write));
  else if (request.type === "moveWal") writer.moveWal();
  else return { type: "followed", followed: follower.advance(request.limit) };
  return { type: "done" };
}

function close({ db, index }: Files): void {
  if (db.isOpen) db.close();
  if (index.isOpen) index.close();
}
