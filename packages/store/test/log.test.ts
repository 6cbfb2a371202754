/** The contract suite on every backend, and what only the SQLite backend promises. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openMemoryLog } from "../src/backends/memory/log.ts";
import { createSegmentLog, openSegmentLog } from "../src/backends/segments/log.ts";
import { nodeDisk } from "../src/backends/segments/node-disk.ts";
import { clientsAt, createLogFile } from "../src/backends/sqlite/file.ts";
import { openSqliteLog, type SqliteClients } from "../src/backends/sqlite/log.ts";
import { startWritingThread } from "../src/backends/sqlite/writing-thread.ts";
import type { Log } from "../src/log.ts";
import { logContract, rowAt, rows } from "./log-contract.ts";
import { fromTheFirst } from "./threads.ts";

let dir = "";
const paths = (): { log: string; lookup: string } => ({ log: join(dir, "log.db"), lookup: join(dir, "lookup.db") });

async function freshSqlite(): Promise<Log> {
  dir = mkdtempSync(join(tmpdir(), "toka-log-"));
  createLogFile(paths().log);
  return openSqliteLog(clientsAt(paths()));
}

/** Clients whose every append is written by the thread, from the first on. */
function threaded(): SqliteClients {
  return { ...clientsAt(paths()), startThread: () => fromTheFirst(startWritingThread(paths())), threadRowsMin: 1 };
}

async function clean(): Promise<void> {
  rmSync(dir, { recursive: true, force: true });
}

logContract({
  name: "memory",
  fresh: async () => openMemoryLog(),
  reopen: { skipped: "a log in memory ends with its object" },
  clean: async () => undefined,
});

logContract({
  name: "sqlite on one thread",
  fresh: freshSqlite,
  reopen: async (log) => {
    await log.close();
    return openSqliteLog(clientsAt(paths()));
  },
  clean,
  dir: () => dir,
});

logContract({
  name: "sqlite with a writing thread",
  fresh: async () => {
    await (await freshSqlite()).close();
    return openSqliteLog(threaded());
  },
  reopen: async (log) => {
    await log.close();
    return openSqliteLog(threaded());
  },
  clean,
  dir: () => dir,
});

logContract({
  name: "segments",
  fresh: async () => {
    dir = mkdtempSync(join(tmpdir(), "toka-log-"));
    await createSegmentLog(nodeDisk(dir));
    return openSegmentLog(nodeDisk(dir));
  },
  reopen: async (log) => {
    await log.close();
    return openSegmentLog(nodeDisk(dir));
  },
  clean,
  dir: () => dir,
});

logContract({
  name: "segments of a few hundred bytes",
  fresh: async () => {
    dir = mkdtempSync(join(tmpdir(), "toka-log-"));
    await createSegmentLog(nodeDisk(dir));
    return openSegmentLog(nodeDisk(dir), { segmentBytes: 300 });
  },
  reopen: async (log) => {
    await log.close();
    return openSegmentLog(nodeDisk(dir), { segmentBytes: 300 });
  },
  clean,
  dir: () => dir,
});

describe("sqlite log", () => {
  let log: Log;
  beforeEach(async () => {
    log = await freshSqlite();
    await log.append(0, rows(1, 5));
  });
  afterEach(async () => {
    await log.close();
    await clean();
  });

  test.each([
    ["an UPDATE", "UPDATE entries SET bytes = 'x' WHERE position = 2"],
    ["a DELETE", "DELETE FROM entries WHERE position = 5"],
    [
      "an INSERT OR REPLACE",
      "INSERT OR REPLACE INTO entries SELECT position, digest, time_ms, 'x', principal, agent, session, outcome, bytes FROM entries WHERE position = 3",
    ],
    [
      "an INSERT with a gap",
      "INSERT INTO entries SELECT 9, digest, time_ms, kind, principal, agent, session, outcome, bytes FROM entries WHERE position = 3",
    ],
    [
      "an upsert",
      "INSERT INTO entries SELECT * FROM entries WHERE position = 3 ON CONFLICT (position) DO UPDATE SET kind = 'x'",
    ],
    ["an UPDATE of a checkpoint", "UPDATE checkpoints SET note = 'x'"],
    ["a DELETE of a checkpoint", "DELETE FROM checkpoints"],
    ["an INSERT OR REPLACE of a checkpoint", "INSERT OR REPLACE INTO checkpoints VALUES (5, 'x')"],
  ])("its triggers refuse %s by any connection", async (_, sql) => {
    await log.putCheckpoint({ size: 5, note: "five" });
    const other = new DatabaseSync(paths().log);
    expect(() => other.exec(sql)).toThrow(/an entry|a checkpoint/);
    other.close();
    expect(await log.read({ after: 0, limit: 10 })).toEqual(rows(1, 5).rows);
    expect(await log.lastCheckpoint()).toEqual({ size: 5, note: "five" });
  });

  test("its files belong to their owner alone", () => {
    for (const path of [paths().log, paths().lookup, `${paths().log}-wal`])
      expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  test("its commits are synced: synchronous is FULL and the journal is WAL", () => {
    // Another connection sees the file's journal; the writer's own setting is the source's one line, so look there too.
    const other = new DatabaseSync(paths().log);
    expect(other.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" });
    other.close();
    expect(readFileSync(new URL("../src/backends/sqlite/schema.ts", import.meta.url), "utf8")).toContain(
      "PRAGMA synchronous = FULL",
    );
  });

  test("the lookup index is rebuilt when its file is not a database, lies ahead of the log, or is of another version", async () => {
    const wanted = await log.find({ kind: "task.start" }, { after: 0, limit: 10 });
    await log.close();
    writeFileSync(paths().lookup, "not a database, and longer than a header of one hundred bytes ".repeat(20));
    log = openSqliteLog(clientsAt(paths()));
    expect(await log.find({ kind: "task.start" }, { after: 0, limit: 10 })).toEqual(wanted);
    await log.close();
    const index = new DatabaseSync(paths().lookup);
    index.exec("UPDATE marks SET at = 99; DELETE FROM postings");
    index.close();
    log = openSqliteLog(clientsAt(paths()));
    expect(await log.find({ kind: "task.start" }, { after: 0, limit: 10 })).toEqual(wanted);
    await log.close();
    const old = new DatabaseSync(paths().lookup);
    old.exec("PRAGMA user_version = 1; DROP TABLE postings; CREATE TABLE postings (other TEXT)");
    old.close();
    log = openSqliteLog(clientsAt(paths()));
    expect(await log.find({ kind: "task.start" }, { after: 0, limit: 10 })).toEqual(wanted);
  });

  test("find pages through rows that the lookup index took in by many small slices", async () => {
    for (let position = 5; position < 95; position += 9) {
      await log.append(position, rows(position + 1, position + 9));
      await log.find({ agent: "agent-1-0" }, { after: 0, limit: 1 });
    }
    for (const filter of [{ agent: "agent-1-0" }, { kind: "task.start" }, { session: "session-7-0" }]) {
      const wanted = rows(1, 95).rows.filter((row) =>
        Object.entries(filter).every(([field, value]) => row[field as "agent"] === value),
      );
      for (const limit of [1, 2, 5, 100]) {
        const seen: number[] = [];
        for (let after = 0; ; after = seen.at(-1) ?? 0) {
          const page = await log.find(filter, { after, limit });
          seen.push(...page.map((row) => row.position));
          if (page.length === 0) break;
        }
        expect(seen).toEqual(wanted.map((row) => row.position));
      }
    }
  });

  test("opening fails with vault_damaged when a trigger is gone", async () => {
    await log.close();
    const db = new DatabaseSync(paths().log);
    db.exec("DROP TRIGGER entries_stay");
    db.close();
    expect(() => openSqliteLog(clientsAt(paths()))).toThrow(
      expect.objectContaining({ code: "vault_damaged", message: expect.stringContaining("entries_stay") }),
    );
    createAgain();
    log = openSqliteLog(clientsAt(paths()));
  });

  test("opening fails with log_unavailable when the file is absent, and makes none", async () => {
    await log.close();
    const absent = { log: join(dir, "absent.db"), lookup: join(dir, "absent-lookup.db") };
    expect(() => openSqliteLog(clientsAt(absent))).toThrow(expect.objectContaining({ code: "log_unavailable" }));
    expect(() => statSync(absent.log)).toThrow(/ENOENT/);
    log = openSqliteLog(clientsAt(paths()));
  });

  test("a writer in another connection is noticed: append fails and the log reads back what is there", async () => {
    const other = openSqliteLog(clientsAt(paths()));
    await other.append(5, rows(6, 6));
    await other.close();
    await expect(log.append(5, { rows: [rowAt(6, { bytes: "{}" })], payloads: [] })).rejects.toMatchObject({
      code: "log_unavailable",
    });
    expect((await log.head()).position).toBe(6);
  });
});

function createAgain(): void {
  rmSync(paths().log);
  createLogFile(paths().log);
}
