/** Upkeep beside the appends: its thread steps back behind those for whom somebody waits. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { clientsAt, createLogFile } from "../src/backends/sqlite/file.ts";
import { openSqliteLog } from "../src/backends/sqlite/log.ts";
import { startWritingThread } from "../src/backends/sqlite/writing-thread.ts";

/** Behind it nobody can step back any further. */
const lowestPriority = 19;

let dir = "";
const paths = () => ({ log: join(dir, "log.db"), lookup: join(dir, "lookup.db") });

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-aside-"));
  createLogFile(paths().log);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** The niceness of every thread of this process. */
function niceness(): readonly number[] {
  return readdirSync("/proc/self/task").flatMap((thread) => {
    try {
      const stat = readFileSync(`/proc/self/task/${thread}/stat`, "utf8");
      // Counted from behind the name, which may hold spaces: the 19th field of all.
      return [Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16])];
    } catch {
      // It has ended meanwhile.
      return [];
    }
  });
}

test("the thread whose work can wait steps back behind the others, and only that one", async () => {
  await openSqliteLog(clientsAt(paths())).close();
  const own = niceness();
  const before = Math.min(...own);
  expect(Math.max(...own)).toBe(before);
  const writing = startWritingThread({ ...paths(), aside: false });
  await writing.follow(1);
  expect(niceness().filter((nice) => nice > before)).toHaveLength(0);
  const keeping = startWritingThread({ ...paths(), aside: true });
  await keeping.follow(1);
  expect(niceness().filter((nice) => nice > before)).toHaveLength(before < lowestPriority ? 1 : 0);
  await Promise.all([writing.close(), keeping.close()]);
});
