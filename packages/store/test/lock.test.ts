/** Locks last as long as their process, or until they are released: nothing else lets go of them. */
import { rmSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tryLock } from "../src/lock.ts";

let dir = "";
beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), "toka-lock-"));
});
afterAll(() => rmSync(dir, { recursive: true, force: true }));

test("a lock is held when whoever took it has forgotten it, until it is released", async () => {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const forgotten = join(dir, "forgotten");
  const kept = join(dir, "kept");
  expect(tryLock(forgotten)).toBeDefined();
  const lock = tryLock(kept);
  for (let again = 0; again < 5; again += 1) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(tryLock(forgotten)).toBeUndefined();
  expect(tryLock(kept)).toBeUndefined();
  lock?.release();
  expect(tryLock(kept)).toBeDefined();
});
