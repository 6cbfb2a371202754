/**
 * Vaults that earlier code wrote, as they lay on its disk: today's code verifies them, opens them and goes on with them.
 *
 * A frozen vault is never written anew (`tools/frozen.test.ts`): whoever breaks one changes his code. A decision that comes out
 * otherwise gets a flag, a field of a row that older logs did not have is absent where they would have none, and a table that
 * has another shape is migrated.
 * To write one with today's code, for the next format: TOKA_WRITE_VAULT=FOLDER vitest run packages/store/test/frozen-vaults.test.ts
 */
import { copyFileSync, cpSync, mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { verifyVault } from "../src/verify/verify-vault.ts";
import { liveGolden } from "./golden-life.ts";
import { asRoot, createAt, newPlace, openAt, type Place } from "./world.ts";

const frozen = join(import.meta.dirname, "golden/frozen");
const vaults = readdirSync(frozen, { withFileTypes: true }).flatMap((one) => (one.isDirectory() ? [one.name] : []));

let place: Place;
beforeEach(() => (place = newPlace()));
afterEach(() => place.clean());

test("there are frozen vaults", () => {
  expect(vaults).toContain("tables-1-flags-0");
});

describe.each(vaults)("the frozen vault %s", (name) => {
  beforeEach(() => cpSync(join(frozen, name), place.vault, { recursive: true }));

  test("is verified as it lies there, every entry decided again, and nothing of it is changed", async () => {
    const before = logOf(place.vault);
    const report = await verifyVault({ dir: place.vault, knownVaults: null });
    expect(report).toMatchObject({ ok: true, reDecided: before.entries, entries: before.entries });
    expect(report.checkpoints).toBeGreaterThan(1);
    expect(logOf(place.vault)).toEqual(before);
  });

  test("opens from its snapshot, goes on, and is verified with what was added", async () => {
    const { entries } = logOf(place.vault);
    const troubles: unknown[] = [];
    const vault = await openAt(place, { onTrouble: (thrown) => troubles.push(thrown) });
    expect(vault.opened).toEqual({ entries, replayed: 0 });
    expect(troubles).toEqual([]);
    const receipt = await asRoot(vault.machine, { type: "secret.record", name: "later" });
    expect(receipt.position).toBe(entries + 1);
    await vault.close();
    const report = await verifyVault({ dir: place.vault, knownVaults: place.known });
    expect(report).toMatchObject({ ok: true, reDecided: entries + 1, known: entries + 1 });
  });

  test("opens without its snapshot, by deciding nothing and applying everything", async () => {
    rmSync(join(place.vault, "snapshot"));
    const { entries } = logOf(place.vault);
    const vault = await openAt(place);
    expect(vault.opened).toEqual({ entries, replayed: entries });
    await vault.close();
  });
});

test("the life of the frozen vaults, lived today, is verified", async () => {
  const vault = await createAt(place);
  await liveGolden(vault.machine);
  await vault.close();
  expect(await verifyVault({ dir: place.vault, knownVaults: place.known })).toMatchObject({ ok: true });
  const folder = process.env["TOKA_WRITE_VAULT"];
  if (folder === undefined) return;
  const log = new DatabaseSync(join(place.vault, "log.db"));
  log.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  log.close();
  mkdirSync(folder);
  for (const file of ["log.db", "key", "snapshot"]) copyFileSync(join(place.vault, file), join(folder, file));
});

/** What tells that a log is as it was. */
function logOf(vault: string): { readonly entries: number; readonly tables: number; readonly schema: string } {
  const db = new DatabaseSync(join(vault, "log.db"), { readOnly: true });
  try {
    const rows = db.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").all();
    return {
      entries: Number(db.prepare("SELECT count(*) AS n FROM entries").get()?.["n"]),
      tables: Number(db.prepare("PRAGMA user_version").get()?.["user_version"]),
      schema: JSON.stringify(rows),
    };
  } finally {
    db.close();
  }
}
