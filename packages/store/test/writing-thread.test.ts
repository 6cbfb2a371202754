/** The log with its writing thread: what happens when the thread fails or dies, and which thread writes what. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientsAt, createLogFile } from "../src/backends/sqlite/file.ts";
import { openSqliteLog, type SqliteClients } from "../src/backends/sqlite/log.ts";
import { startWritingThread, type WritingThread } from "../src/backends/sqlite/writing-thread.ts";
import { threadRowsMin, walBytesKept } from "../src/limits.ts";
import type { Log, LogBatch } from "../src/log.ts";
import { leafDigest } from "../src/digest.ts";
import { rowAt, rows } from "./log-contract.ts";
import { fromTheFirst, startFailing, type ThreadFate } from "./threads.ts";
import { turnsUntil } from "./wrapped-log.ts";

let dir = "";
let log: Log;
let started: WritingThread[] = [];
const paths = () => ({ log: join(dir, "log.db"), lookup: join(dir, "lookup.db") });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-thread-"));
  createLogFile(paths().log);
  started = [];
});
afterEach(async () => {
  await log.close();
  rmSync(dir, { recursive: true, force: true });
});

/** Every append goes to the thread; the first thread meets the fate, and those after it are well. */
function clients(fate?: ThreadFate): SqliteClients {
  const startThread = (): WritingThread => {
    const failing = started.length === 0 && fate !== undefined;
    const thread = fromTheFirst(failing ? startFailing(paths(), fate) : startWritingThread(paths()));
    started.push(thread);
    return thread;
  };
  return { ...clientsAt(paths()), startThread, threadRowsMin: 1 };
}

function large(from: number, to: number): LogBatch {
  return {
    rows: Array.from({ length: to - from + 1 }, (_, index) => rowAt(from + index, { bytes: "x".repeat(10_000) })),
    payloads: [],
  };
}

/** One row with a payload of a megabyte. */
async function appendMegabyte(after: number): Promise<void> {
  const commitment = leafDigest(`payload ${after}`);
  const bytes = new Uint8Array(1_000_000);
  const stored = { commitment, size: bytes.length, salt: new Uint8Array(16), bytes, children: [] };
  await log.append(after, { rows: [rowAt(after + 1)], payloads: [{ commitment, stored, fresh: true }] });
}

const head = async (): Promise<number> => (await log.head()).position;

describe("a writing thread that fails", () => {
  test.each([
    ["dies before", 2, 2],
    ["dies after", 2, 4],
  ] as const)("%s it has written: the log says so, reads what is there, and goes on", async (way, at, found) => {
    log = openSqliteLog(clients({ way, at }));
    await log.append(0, rows(1, 2));
    const tries = [log.append(2, rows(3, 4)), log.append(4, rows(5, 6))];
    for (const { status, ...result } of await Promise.allSettled(tries)) {
      expect(status).toBe("rejected");
      expect(result).toMatchObject({ reason: { code: "log_unavailable", retry: "later" } });
    }
    expect(await head()).toBe(found);
    await log.append(found, rows(found + 1, found + 3));
    expect(await log.read({ after: 0, limit: 100 })).toEqual(rows(1, found + 3).rows);
    expect(started).toHaveLength(2);
  });

  test("on a full disk fails what was asked for behind it, too, with nothing of either written", async () => {
    log = openSqliteLog(clients({ way: "full disk", at: 60 }));
    await log.append(0, rows(1, 2));
    const tries = [log.append(2, large(3, 40)), log.append(40, rows(41, 42))];
    const results = await Promise.allSettled(tries);
    expect(results).toMatchObject([
      { reason: { code: "log_unavailable", message: expect.stringMatching(/full/) } },
      { reason: { code: "log_unavailable", message: expect.stringMatching(/an append before this one failed/) } },
    ]);
    expect(await head()).toBe(2);
    await log.append(2, rows(3, 3));
    expect(await log.read({ after: 0, limit: 100 })).toEqual(rows(1, 3).rows);
  });

  test("to start is missed by nobody: the caller's thread writes", async () => {
    const thread = startFailing(paths(), { way: "never starts", at: 0 });
    log = openSqliteLog({ ...clientsAt(paths()), startThread: () => thread, threadRowsMin: 1 });
    await log.append(0, rows(1, 20));
    await turnsUntil(() => thread.state === "ended");
    await log.append(20, rows(21, 40));
    expect(log.overlaps()).toBe(false);
    expect(await log.read({ after: 0, limit: 100 })).toEqual(rows(1, 40).rows);
  });

  test("is noticed when another connection has written meanwhile, and then writes nothing more", async () => {
    log = openSqliteLog(clients());
    await log.append(0, rows(1, 2));
    const other = openSqliteLog(clientsAt(paths()));
    await other.append(2, rows(3, 3));
    await other.close();
    const tries = [log.append(2, { rows: [rowAt(3, { bytes: "{}" })], payloads: [] }), log.append(3, rows(4, 4))];
    for (const result of await Promise.allSettled(tries)) expect(result.status).toBe("rejected");
    expect(await head()).toBe(3);
    expect(await log.read({ after: 0, limit: 100 })).toEqual(rows(1, 3).rows);
  });
});

describe("a writing thread", () => {
  test("is started by the first large append only, and takes small ones while it has work", async () => {
    const writes: number[] = [];
    log = openSqliteLog({
      ...clientsAt(paths()),
      startThread: () => {
        const thread = startWritingThread(paths());
        const counted: WritingThread = {
          get state() {
            return thread.state;
          },
          write: (write) => {
            writes.push(write.rows.length);
            return thread.write(write);
          },
          moveWal: () => thread.moveWal(),
          follow: (limit) => thread.follow(limit),
          close: () => thread.close(),
        };
        started.push(counted);
        return counted;
      },
    });
    await log.append(0, rows(1, 2));
    expect(started).toHaveLength(0);
    const many = threadRowsMin;
    await log.append(2, rows(3, 2 + many));
    expect(started).toHaveLength(1);
    await turnsUntil(() => log.overlaps());
    expect(writes).toEqual([]);
    let end = 2 + many;
    const next = (count: number): Promise<void> => {
      end += count;
      return log.append(end - count, rows(end - count + 1, end));
    };
    await Promise.all([next(many), next(1), next(2)]);
    expect(writes).toEqual([many, 1, 2]);
    await next(1);
    expect(writes).toHaveLength(3);
    expect(await log.read({ after: 0, limit: 1_000 })).toEqual(rows(1, end).rows);
  });

  test("ends when there has been nothing for it to do, and is started again when there is", async () => {
    log = openSqliteLog({ ...clients(), threadIdleMs: 1 });
    await log.append(0, rows(1, 20));
    await turnsUntil(() => started[0]?.state === "ended");
    expect(log.overlaps()).toBe(false);
    await log.append(20, rows(21, 40));
    expect(started).toHaveLength(2);
    expect(await log.read({ after: 0, limit: 100 })).toEqual(rows(1, 40).rows);
  });

  test("shows no other connection what is not committed, and has nothing left to move after a clean close", async () => {
    log = openSqliteLog(clients());
    const all = Array.from({ length: 20 }, (_, index) => log.append(index * 50, rows(index * 50 + 1, index * 50 + 50)));
    const other = new DatabaseSync(paths().log, { readOnly: true });
    const count = other.prepare("SELECT count(*) AS n FROM entries");
    const seen = new Set<unknown>();
    const done = Promise.all(all).then(() => "done");
    while ((await Promise.race([done, new Promise((resolve) => setImmediate(resolve))])) !== "done")
      seen.add(count.get()?.["n"]);
    for (const n of seen) expect(Number(n) % 50).toBe(0);
    other.close();
    await log.close();
    expect(statSync(paths().log).size).toBeGreaterThan(100_000);
    expect(() => statSync(`${paths().log}-wal`)).toThrow(/ENOENT/);
  });

  test("keeps the write-ahead log within bounds while appends do not pause, by a second thread's help", async () => {
    // However slow the machine is, nothing is a pause, and no thread is without work.
    log = openSqliteLog({ ...clients(), pauseMs: 60_000, threadIdleMs: 60_000 });
    await log.append(0, { rows: [], payloads: [] });
    expect(started).toHaveLength(0);
    for (let index = 0; index < 80; index += 2) await Promise.all([appendMegabyte(index), appendMegabyte(index + 1)]);
    expect(statSync(`${paths().log}-wal`).size).toBeLessThanOrEqual(walBytesKept);
    expect(started).toHaveLength(2);
    expect(await log.find({ kind: "task.start" }, { after: 0, limit: 40 })).toHaveLength(40);
  });

  test("keeps it within bounds, too, while one caller appends beside a thread that is idle", async () => {
    log = openSqliteLog({ ...clients(), threadRowsMin: 2 });
    await log.append(0, rows(1, 2));
    expect(started).toHaveLength(1);
    for (let index = 2; index < 160; index += 1) await appendMegabyte(index);
    expect(statSync(`${paths().log}-wal`).size).toBeLessThanOrEqual(walBytesKept);
  });
});
