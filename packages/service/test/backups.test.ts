/** Backups on a schedule: a real vault, and a clock that only the test moves. */
import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createVault, verifyBackup, type Vault } from "@toka/store";
import { afterEach, beforeEach, expect, test } from "vitest";

import { backupsOf } from "../src/keep/kept-backups.ts";
import { keepBackups } from "../src/keep/schedule.ts";
import { HandClock, startMs } from "./hand-clock.ts";

const hourMs = 3_600_000;

let dir: string;
let to: string;
let clock: HandClock;
let vault: Vault;
let notes: string[];
let stop: AbortController;
let kept: Promise<void>;

function keep(): void {
  stop = new AbortController();
  const { dir: folder, host, machine } = vault;
  const schedule = { to, everyMs: hourMs };
  const onNote = (line: string): void => void notes.push(line);
  kept = keepBackups({ schedule, dir: folder, source: vault, machine, host, clock, signal: stop.signal, onNote });
}

async function rest(): Promise<void> {
  stop.abort();
  await kept;
}

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-backups-")));
  to = join(dir, "kept");
  clock = new HandClock();
  notes = [];
  const genesis = { name: "test", host: "host", root: "operator", allotment: { toolCalls: 10 }, held: false };
  const where = { dir: join(dir, "vault"), knownVaults: join(dir, "known-vaults") };
  vault = await createVault(genesis, { ...where, clock: () => clock.nowMs() });
});
afterEach(async () => {
  await rest();
  await vault.close();
  rmSync(dir, { recursive: true, force: true });
});

async function alerts(): Promise<readonly string[]> {
  const rows = await vault.machine.read(0, { limit: 100 });
  return rows.flatMap(({ entry: { operation } }) => (operation.type === "alert.raise" ? [operation.title] : []));
}

test("a served vault is backed up at once and then at each span, and a failure is an alert", async () => {
  keep();
  await clock.waitedFor(hourMs);
  expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: 2 });
  expect(notes).toEqual([`kept 2 entries in ${to}: 2 new`]);
  expect(backupsOf(vault.dir)).toEqual([{ to, size: 2, timeMs: startMs }]);
  // Nothing came: nothing is told, and nothing is written.
  clock.pass(hourMs);
  await clock.waitedFor(2 * hourMs);
  expect(notes).toHaveLength(1);
  const [segment = ""] = readdirSync(to).filter((name) => name.endsWith(".gz"));
  rmSync(join(to, segment));
  writeFileSync(join(to, "mine"), "");
  clock.pass(hourMs);
  await clock.waitedFor(3 * hourMs);
  expect(await alerts()).toEqual([
    `Cannot back up to ${to}: found mine there, wanted an empty folder or a backup of this vault`,
  ]);
  rmSync(join(to, "mine"));
  clock.pass(hourMs);
  await clock.waitedFor(4 * hourMs);
  expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: 3 });
});

test("whoever serves it next waits for what is left of the span, and makes up for what was missed once", async () => {
  keep();
  await clock.waitedFor(hourMs);
  await rest();
  clock.pass(hourMs / 2);
  keep();
  await clock.waitedFor(hourMs);
  await rest();
  clock.pass(10 * hourMs);
  keep();
  await clock.waitedFor(11.5 * hourMs);
  expect(await alerts()).toEqual([]);
  expect(backupsOf(vault.dir)).toEqual([{ to, size: 2, timeMs: startMs + 10.5 * hourMs }]);
});

test("a folder in the vault itself is an alert", async () => {
  to = join(vault.dir, "kept");
  keep();
  await clock.waitedFor(hourMs);
  expect(await alerts()).toEqual([expect.stringContaining("it lies in the vault itself")]);
});
