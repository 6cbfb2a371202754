/** Layouts of the tables: an older one is migrated by whoever writes, whole or not at all, and a newer one is left alone by everybody. */
import { spawnSync } from "node:child_process";
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { encodeEntry, type Entry } from "@toka/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { bringUpToDate, layoutOf, newestLayout, schemaDifference } from "../src/backends/sqlite/schema.ts";
import { leafDigest } from "../src/digest.ts";
import { lookOver } from "../src/keep/look-over.ts";
import { lookAtPast } from "../src/past.ts";
import { tokaVersion } from "../src/toka-version.ts";
import { verifyVault } from "../src/verify/verify-vault.ts";
import { asRoot, createAt, host, newPlace, openAt, type Place } from "./world.ts";

const frozen = join(import.meta.dirname, "golden/frozen/tables-1-flags-0");

let place: Place;
let log: string;
beforeEach(() => {
  place = newPlace();
  log = join(place.vault, "log.db");
});
afterEach(() => place.clean());

function over<T>(use: (db: DatabaseSync) => T): T {
  const db = new DatabaseSync(log);
  try {
    return use(db);
  } finally {
    db.close();
  }
}

/** All that stands in the log, in whatever layout. */
function contents(): string {
  return over((db) => {
    const tables = db.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").all();
    const rows = ["entries", "payloads", "checkpoints"].map((table) => db.prepare(`SELECT * FROM ${table}`).all());
    return JSON.stringify([layoutOf(db), tables, rows], (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value,
    );
  });
}

test("the version of Toka is that of the package", () => {
  const page = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8")) as { version: string };
  expect(tokaVersion).toBe(page.version);
});

describe("tables of an older layout", () => {
  beforeEach(() => cpSync(frozen, place.vault, { recursive: true }));

  test("are those of a new vault once somebody opened it to write, and say who wrote from where on", async () => {
    expect(over(layoutOf)).toBe(1);
    const vault = await openAt(place);
    const { position } = await asRoot(vault.machine, { type: "secret.record", name: "later" });
    await vault.close();
    over((db) => {
      expect(layoutOf(db)).toBe(newestLayout);
      expect(schemaDifference(db)).toBeUndefined();
      expect(db.prepare("SELECT since, toka FROM writers").all()).toEqual([{ since: position, toka: tokaVersion }]);
    });
  });

  test("stay as they are when they are not exactly what that layout had", async () => {
    over((db) => db.exec("DROP TRIGGER entries_stay"));
    const before = contents();
    await expect(openAt(place)).rejects.toMatchObject({ code: "vault_damaged" });
    expect(await verifyVault({ dir: place.vault, knownVaults: null })).toMatchObject({ ok: false });
    expect(contents()).toBe(before);
  });

  test("are of one layout or the other wherever the process is killed, and lose nothing", async () => {
    const child = fileURLToPath(new URL("bring-up-and-die.ts", import.meta.url));
    const run = (dies: string): ReturnType<typeof spawnSync> =>
      spawnSync(process.execPath, [
        "--conditions=toka-source",
        "--disable-warning=ExperimentalWarning",
        child,
        log,
        dies,
      ]);
    const before = contents();
    const whole = run("never");
    const statements = Number(whole.stdout);
    expect(statements).toBeGreaterThan(3);
    const after = contents();
    for (let dies = 0; dies < statements; dies += 1) {
      cpSync(frozen, place.vault, { recursive: true, force: true });
      expect(contents()).toBe(before);
      expect(run(String(dies)).signal).toBe("SIGKILL");
      expect(contents()).toBe(before);
    }
    over(bringUpToDate);
    expect(contents()).toBe(after);
    expect(await verifyVault({ dir: place.vault, knownVaults: null })).toMatchObject({ ok: true });
  });
});

describe("a vault that a newer Toka wrote", () => {
  beforeEach(async () => {
    const vault = await createAt(place);
    await asRoot(vault.machine, { type: "secret.record", name: "first" });
    await vault.close();
  });

  const ways = [
    { way: "opening", use: () => openAt(place) },
    { way: "verifying", use: () => verifyVault({ dir: place.vault, knownVaults: null }) },
    { way: "verifying on one thread", use: () => verifyVault({ dir: place.vault, knownVaults: null, threads: 1 }) },
    {
      way: "looking at the past",
      use: () => {
        const key = over((db) => String(db.prepare("SELECT bytes FROM entries WHERE position = 2").get()?.["bytes"]));
        const { publicKey } = (JSON.parse(key) as { operation: { publicKey: string } }).operation;
        return lookAtPast(1, { dir: place.vault, key: publicKey, head: { position: 3, digest: "" }, look: () => 1 });
      },
    },
  ] as const;

  test.each(ways)(
    "with tables of a newer layout is refused by $way, by name, and nothing is written",
    async ({ use }) => {
      over((db) => {
        db.exec(`PRAGMA user_version = ${newestLayout + 1}; UPDATE writers SET toka = '7.0.0'`);
      });
      const before = contents();
      const refused: unknown = await use().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(refused).toMatchObject({ code: "vault_newer", retry: "never" });
      expect(String(refused)).toContain("Toka 7.0.0 wrote it");
      expect(String(refused)).toContain(`layout ${newestLayout + 1}`);
      expect(contents()).toBe(before);
    },
  );

  test("is told by looking it over, with what to do", async () => {
    over((db) => db.exec(`PRAGMA user_version = ${newestLayout + 1}`));
    const checks = await lookOver(place.vault, { knownVaults: place.known });
    expect(checks.find(({ name }) => name === "format")).toMatchObject({
      ok: false,
      found: expect.stringContaining("knows layouts up to"),
      fix: "use the Toka that wrote it, or a newer one",
    });
  });

  test("is refused when its tables do not tell who wrote it, too", async () => {
    over((db) => db.exec(`DROP TABLE writers; PRAGMA user_version = ${newestLayout + 1}`));
    await expect(openAt(place)).rejects.toThrow("Cannot open the vault: a newer Toka wrote it");
  });

  test("with entries that nobody knows yet is refused at the first of them, by name, and nothing is written", async () => {
    const text = over((db) => {
      const last = db.prepare("SELECT * FROM entries ORDER BY position DESC LIMIT 1").get() ?? {};
      const entry = {
        ...(JSON.parse(String(last["bytes"])) as Entry),
        position: Number(last["position"]) + 1,
        previous: String(last["digest"]),
        operation: { type: "vault.configure", schema: 2, limits: {}, flags: 77 },
      } as Entry;
      const bytes = encodeEntry(entry);
      db.prepare("INSERT INTO entries VALUES (?, ?, ?, ?, ?, NULL, NULL, ?, ?)").run(
        entry.position,
        leafDigest(bytes),
        Number(last["time_ms"]),
        "vault.configure",
        host.principal,
        "accepted",
        bytes,
      );
      db.exec("UPDATE writers SET toka = '7.0.0'");
      return `a newer Toka wrote entry ${entry.position}`;
    });
    const before = contents();
    const refused: unknown = await openAt(place).catch((thrown: unknown) => thrown);
    expect(refused).toMatchObject({ code: "vault_newer", retry: "never" });
    expect(String(refused)).toContain(text);
    expect(String(refused)).toContain("flags: found 77, wanted at most");
    expect(String(refused)).toContain("the last that wrote here is Toka 7.0.0");
    const report = await verifyVault({ dir: place.vault, knownVaults: null });
    expect(report).toMatchObject({ ok: false, firstBad: { reason: expect.stringContaining("a newer Toka wrote it") } });
    expect(contents()).toBe(before);
  });
});
