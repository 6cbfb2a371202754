import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, expect, test } from "vitest";

import { readDeliverable } from "../src/deliverable-reader.ts";

let dir: string;
beforeEach(() => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-deliverable-")));
  mkdirSync(join(dir, "out"));
  writeFileSync(join(dir, "secret"), "hush");
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

test("readDeliverable gives the size and the first bytes when the file is longer than asked", async () => {
  writeFileSync(join(dir, "out/report"), "0123456789");
  const found = await readDeliverable(join(dir, "out/report"), { bytesMax: 4, vault: join(dir, "vault") });
  expect(found?.size).toBe(10);
  expect(Buffer.from(found?.bytes ?? []).toString()).toBe("0123");
});

test.each([
  ["there is nothing", () => {}],
  ["a link leads out", () => symlinkSync("../secret", join(dir, "out/report"))],
  ["a link leads to nothing", () => symlinkSync("nowhere", join(dir, "out/report"))],
  ["it is a folder", () => mkdirSync(join(dir, "out/report"))],
  ["it is a pipe that nobody writes to", () => void execFileSync("mkfifo", [join(dir, "out/report")])],
])("readDeliverable gives nothing when %s", async (_name, make) => {
  make();
  expect(await readDeliverable(join(dir, "out/report"), { bytesMax: 100, vault: join(dir, "vault") })).toBe(undefined);
});

test("readDeliverable gives nothing when a folder on the way is a link", async () => {
  mkdirSync(join(dir, "elsewhere"));
  writeFileSync(join(dir, "elsewhere/report"), "hush");
  symlinkSync("../elsewhere", join(dir, "out/sub"));
  expect(await readDeliverable(join(dir, "out/sub/report"), { bytesMax: 100, vault: join(dir, "vault") })).toBe(
    undefined,
  );
});

test("readDeliverable gives what lies in the vault only when it was delivered", async () => {
  const vault = join(dir, "vault");
  mkdirSync(join(vault, "out", "crew"), { recursive: true });
  writeFileSync(join(vault, "key"), "hush");
  writeFileSync(join(vault, "out", "crew", "report"), "done");
  const given = { bytesMax: 100, vault };
  expect(await readDeliverable(join(vault, "key"), given)).toBe(undefined);
  expect(await readDeliverable(join(vault, "out", "crew", "report"), given)).toMatchObject({ size: 4 });
});
