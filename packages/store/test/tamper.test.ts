/**
 * Everything that can be done to a vault behind its back, and that verification says which entry and what.
 *
 * One honest vault is made once; each case changes a copy of it. The known-vaults file names the copy's folder by moving
 * the copy to where the honest vault was.
 */
import { copyFileSync, cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { keepState } from "../src/kept-states.ts";
import { generateKey, signerOf } from "../src/note.ts";
import { vaultFiles } from "../src/vault-files.ts";
import type { VerifyReport } from "../src/verify/verify.ts";
import { verifyVault } from "../src/verify/verify-vault.ts";
import { verifyBothWays } from "./both-ways.ts";
import { forge, rowsOf, someDigest, tamper, vaultOf, type OpenEntry } from "./tampering.ts";
import { asRoot, count, createAt, live, newPlace, openAt, overreach, spawnCounter, type Place } from "./world.ts";

let place: Place;
let honest = "";
let entries = 0;
beforeAll(async () => {
  place = newPlace();
  const vault = await createAt(place);
  await live(vault.machine);
  // So that it can be verified by halves, too.
  await vault.checkpoint();
  await keepState(vaultFiles(place.vault), { size: (await vault.machine.head()).position, entriesMin: 1 });
  const third = await spawnCounter(vault.machine, "third");
  await count(vault.machine, third);
  await overreach(vault.machine, third.agent);
  entries = (await vault.machine.head()).position;
  await vault.machine.find({ kind: "agent.spawn" }, { after: 0, limit: 1 });
  await vault.close();
  honest = place.copyOf("honest");
  copyFileSync(place.known, join(place.dir, "honestly-known"));
});
afterAll(() => place.clean());
beforeEach(() => {
  // Only what was changed: the database and what SQLite keeps beside it.
  rmSync(place.vault, { recursive: true, force: true });
  cpSync(honest, place.vault, { recursive: true });
  copyFileSync(join(place.dir, "honestly-known"), place.known);
});

const verify = (): Promise<VerifyReport> => verifyBothWays({ dir: place.vault, knownVaults: place.known });
const verifyUnknown = (): Promise<VerifyReport> => verifyBothWays({ dir: place.vault, knownVaults: null });

/** The position of the first entry that passes. */
function positionOf(passes: (entry: OpenEntry) => boolean): number {
  const found = rowsOf(honest, "SELECT bytes FROM entries ORDER BY position").map(
    (row) => JSON.parse(String(row["bytes"])) as OpenEntry,
  );
  const entry = found.find(passes);
  if (entry === undefined) throw new Error("Cannot test: the history has no such entry");
  return entry.position;
}

describe("verify", () => {
  test("finds nothing in an honest vault, and counts what rests on attested inputs", async () => {
    const report = await verify();
    expect(report).toEqual({
      ok: true,
      shared: 0,
      entries,
      reDecided: entries,
      hashOnly: 0,
      attested: 5,
      payloads: 20,
      erased: 0,
      checkpoints: 3,
      known: entries,
    });
    expect(await verifyVault({ dir: place.vault, knownVaults: place.known })).toEqual(report);
  });

  test("finds nothing while another connection holds the vault and appends", async () => {
    const vault = await openAt(place);
    const appending = (async () => {
      for (let index = 0; index < 50; index += 1)
        await asRoot(vault.machine, { type: "principal.register", name: `p${index}`, kind: "person" });
    })();
    const reports = await Promise.all(
      Array.from({ length: 3 }, () => verifyVault({ dir: place.vault, knownVaults: place.known })),
    );
    await appending;
    expect(reports.every((report) => report.ok && report.entries >= entries)).toBe(true);
    expect((await verify()).entries).toBe(entries + 50);
    await vault.close();
  });

  test("waits for whoever holds the whole log for a moment, with its second thread, too", async () => {
    const holder = new DatabaseSync(join(place.vault, "log.db"));
    // What SQLite takes for moments only: reading a write-ahead log that was left behind, and removing it.
    holder.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE");
    const report = verifyVault({ dir: place.vault, knownVaults: place.known });
    const leaving = setTimeout(() => holder.close(), 1_000);
    try {
      expect(await report).toMatchObject({ ok: true, entries });
    } finally {
      clearTimeout(leaving);
      if (holder.isOpen) holder.close();
    }
  });

  test("fails with vault_absent, also from its thread, when there is no vault", async () => {
    await expect(verifyVault({ dir: join(place.dir, "nowhere"), knownVaults: null })).rejects.toMatchObject({
      code: "vault_absent",
    });
  });
});

describe("verify when a row was changed", () => {
  test("finds one changed byte in any column of any entry, with and without the known checkpoint", async () => {
    const columns = ["position", "digest", "time_ms", "kind", "principal", "agent", "session", "outcome", "bytes"];
    for (let position = 1; position <= entries; position += 1) {
      for (const column of columns) {
        restore();
        tamper(place.vault, (db) =>
          changeByte(db, { table: "entries", key: "position", at: position, column, seed: position }),
        );
        const where = `${column} of ${position}`;
        const report = await (position % 2 === 0 ? verify() : verifyUnknown());
        expect(report.ok, where).toBe(false);
        expect(report.firstBad?.position, `${where}: ${report.firstBad?.reason}`).toBe(position);
        expect(report.firstBad?.reason, where).toMatch(
          column === "position"
            ? /missing/
            : column === "bytes" || column === "digest"
              ? /digest|UTF-8/
              : new RegExp(`"${column}"`),
        );
      }
    }
  });

  test("finds a change of every single byte of one entry's text", async () => {
    const [row] = rowsOf(honest, "SELECT length(CAST(bytes AS BLOB)) AS size FROM entries WHERE position = 5");
    for (let offset = 0; offset < Number(row?.["size"]); offset += 1) {
      restore();
      tamper(place.vault, (db) =>
        changeByte(db, { table: "entries", key: "position", at: 5, column: "bytes", seed: offset }),
      );
      expect((await verifyUnknown()).firstBad?.position).toBe(5);
    }
  });

  test("finds one changed byte in any column of any payload and of any checkpoint", async () => {
    const payloads = rowsOf(honest, "SELECT id FROM payloads").map((row) => Number(row["id"]));
    const sizes = rowsOf(honest, "SELECT size FROM checkpoints").map((row) => Number(row["size"]));
    const cases = [
      ...payloads.flatMap((at) =>
        ["id", "commitment", "references", "salt", "bytes", "children"].map((column) => ({
          table: "payloads",
          key: "id",
          at,
          column,
        })),
      ),
      ...sizes.flatMap((at) => ["size", "note"].map((column) => ({ table: "checkpoints", key: "size", at, column }))),
    ];
    for (const [seed, one] of cases.entries()) {
      restore();
      tamper(place.vault, (db) => changeByte(db, { ...one, seed }));
      const report = await verifyUnknown();
      const what = `${one.table} ${one.at} ${one.column}: ${report.firstBad?.reason}`;
      // An id only orders payloads: moved to the end of its gap it says the same.
      if (one.column === "id" && report.ok) expect(one.at, what).toBe(payloads.at(-1));
      else expect(report.ok, what).toBe(false);
      if (!report.ok) expect(report.firstBad?.reason).toMatch(one.table === "payloads" ? /payload/ : /checkpoint/);
    }
  });

  test.each([
    [
      "an entry in the middle is deleted",
      "DELETE FROM entries WHERE position = 7",
      7,
      /the entry is missing: the next row is that of position 8/,
    ],
    ["the first entry is deleted", "DELETE FROM entries WHERE position = 1", 1, /the entry is missing/],
    [
      "a payload is deleted",
      "DELETE FROM payloads WHERE id = 1",
      undefined,
      /payload sha256:\S+, which it names, is missing, and no entry erased it/,
    ],
    [
      "the last payload is deleted",
      "DELETE FROM payloads WHERE id = (SELECT max(id) FROM payloads)",
      undefined,
      /is missing/,
    ],
    [
      "a payload is added",
      "INSERT INTO payloads SELECT 999, 'sha256:x', 1, salt, bytes, '' FROM payloads WHERE id = 1",
      undefined,
      /named by no entry/,
    ],
    [
      "the first checkpoint is deleted",
      "DELETE FROM checkpoints WHERE size = 2",
      undefined,
      /follows one of size 2, and the one before it here is of size 0/,
    ],
    ["two entries change places", swapSql(5, 6), 5, /digest is not that|does not follow|bytes are those/],
    [
      "a number in the middle is too large to be one",
      "UPDATE entries SET time_ms = 1 << 60 WHERE position = 7",
      7,
      /the row cannot be read/,
    ],
    [
      "an INSERT OR REPLACE rewrote one",
      "INSERT OR REPLACE INTO entries SELECT 9, digest, time_ms, kind, principal, agent, session, outcome, bytes FROM entries WHERE position = 8",
      9,
      /bytes are those of position 8|does not follow/,
    ],
    [
      "a row is added at the end",
      "INSERT INTO entries SELECT position + 1, digest, time_ms, kind, principal, agent, session, outcome, bytes FROM entries ORDER BY position DESC LIMIT 1",
      undefined,
      /bytes are those of position|recorded is accepted|does not follow/,
    ],
  ])("says where and what when %s", async (_, sql, position, reason) => {
    tamper(place.vault, (db) => db.exec(sql));
    for (const report of [await verify(), await verifyUnknown()]) {
      expect(report.ok).toBe(false);
      expect(report.firstBad?.reason).toMatch(reason);
      if (position !== undefined) expect(report.firstBad?.position).toBe(position);
    }
  });

  test("says so when a trigger was left out", async () => {
    const db = new DatabaseSync(join(place.vault, "log.db"));
    db.exec("DROP TRIGGER entries_are_next");
    db.close();
    expect((await verify()).firstBad).toEqual({
      position: 0,
      reason: 'the schema of its log differs: "entries_are_next" is missing',
    });
  });
});

describe("verify with the lookup index", () => {
  beforeEach(async () => {
    const vault = await openAt(place);
    await vault.machine.find({ kind: "agent.spawn" }, { after: 0, limit: 10 });
    await vault.close();
  });
  const change = (sql: string): void => {
    const db = new DatabaseSync(join(place.vault, "lookup.db"));
    db.exec(sql);
    db.close();
  };

  test("finds nothing when it is honest, absent, unreadable, or follows another log", async () => {
    expect((await verify()).firstBad).toBeUndefined();
    change("UPDATE marks SET digest = 'another'");
    expect((await verify()).firstBad).toBeUndefined();
    writeFileSync(join(place.vault, "lookup.db"), "no database");
    expect((await verify()).firstBad).toBeUndefined();
    rmSync(join(place.vault, "lookup.db"));
    expect((await verify()).firstBad).toBeUndefined();
  });

  test.each([
    [
      "hides an entry",
      "UPDATE postings SET positions = json_remove(positions, '$[1]') WHERE field = 'agent' AND first = (SELECT max(first) FROM postings WHERE field = 'agent')",
      /finds \d+ entries by agent, and there are \d+: the log is whole; delete lookup.db/,
    ],
    [
      "names another agent",
      "UPDATE postings SET value = 'agent-1-0' WHERE field = 'agent' AND value = (SELECT max(value) FROM postings WHERE field = 'agent')",
      /entries by agent/,
    ],
    [
      "lists one entry twice instead of another",
      "UPDATE postings SET positions = json_set(positions, '$[1]', json_extract(positions, '$[0]')) WHERE field = 'agent'",
      /entries by agent/,
    ],
    ["is sorted wrongly", "UPDATE postings SET first = first + 1 WHERE field = 'session'", /entries by session/],
    ["knows more than there is", "INSERT INTO postings VALUES ('kind', 'x', 3, '[3]')", /entries by kind/],
    [
      "hides what an entry led to",
      "DELETE FROM causes WHERE cause = (SELECT min(cause) FROM causes)",
      /entries by cause/,
    ],
    ["names a cause that was none", "INSERT INTO causes VALUES (1, 2)", /entries by cause/],
    ["hides a payload", "DELETE FROM payload_keys WHERE id = 3", /finds \d+ payloads/],
  ])("says so, and what to do, when it %s", async (_, sql, reason) => {
    change(sql);
    expect((await verifyUnknown()).firstBad).toEqual({ position: 0, reason: expect.stringMatching(reason) });
  });
});

describe("verify when the end is missing", () => {
  const cut = (db: DatabaseSync): void => db.exec(`DELETE FROM entries WHERE position > ${entries - 3}`);

  test("finds it by the log's own checkpoint when known-vaults is gone", async () => {
    tamper(place.vault, cut);
    expect((await verifyUnknown()).firstBad).toEqual({
      position: entries - 2,
      reason: `the entry is missing: the log ends at ${entries - 3}, and its own checkpoint covers ${entries}`,
    });
  });

  test("finds it by the known checkpoint when the log's own is deleted too, and the vault does not open", async () => {
    tamper(place.vault, (db) => {
      cut(db);
      db.exec("DELETE FROM checkpoints WHERE size > 2");
    });
    expect((await verify()).firstBad).toEqual({
      position: entries - 2,
      reason: `the entry is missing: the log ends at ${entries - 3}, and ${entries} entries were seen before`,
    });
    await expect(openAt(place)).rejects.toMatchObject({ code: "vault_rolled_back", retry: "never" });
  });
});

describe("verify when somebody holds the right key", () => {
  const settled = (): number => positionOf((entry) => entry.operation.type === "effect.settle");
  const refused = (): number => positionOf((entry) => "refusal" in entry.outcome);
  const allowed = (): number => positionOf((entry) => entry.operation.type === "agent.spawn");
  const at = (position: number, change: (entry: OpenEntry) => void) => (all: OpenEntry[]) => {
    const entry = all[position - 1];
    if (entry !== undefined) change(entry);
  };
  const cases: readonly [string, () => number, (entry: OpenEntry) => void, RegExp][] = [
    [
      "an allow is turned into a deny",
      allowed,
      (entry) => (entry.outcome = { refusal: { code: "vault_held" } }),
      /recorded is refused \("vault_held"\), decided is accepted/,
    ],
    [
      "a deny is turned into an allow",
      refused,
      (entry) => (entry.outcome = { events: [] }),
      /recorded is accepted with 0 events, decided is refused/,
    ],
    [
      "a refusal's reason is changed",
      refused,
      (entry) => (entry.outcome = { refusal: { code: "vault_held" } }),
      /recorded is refused \("vault_held"\), decided is refused \("/,
    ],
    [
      "what was booked is changed",
      settled,
      (entry) => Object.assign(eventOf(entry), { booked: { cpuMs: 7, toolCalls: 1 } }),
      /recorded is ….*"cpuMs":7,.*…, decided is ….*"cpuMs":700/,
    ],
    [
      "the measured usage is changed",
      settled,
      (entry) => Object.assign(entry.operation, { usage: { cpuMs: 70 } }),
      /decided is …/,
    ],
    [
      "who asked is changed",
      allowed,
      (entry) => (entry.stamp = { ...entry.stamp, principal: "principal-1-0" as typeof entry.stamp.principal }),
      /recorded is accepted/,
    ],
    [
      "an event is added",
      allowed,
      (entry) =>
        "events" in entry.outcome && (entry.outcome = { events: [...entry.outcome.events, ...entry.outcome.events] }),
      /recorded is accepted with 2 events/,
    ],
  ];

  test.each(cases)(
    "finds it by deciding again, with every later digest, tree and checkpoint recomputed, when %s",
    async (_, position, change, reason) => {
      forge(place.vault, { entries: at(position(), change) });
      for (const report of [await verify(), await verifyUnknown()]) {
        expect(report.firstBad?.position).toBe(position());
        expect(report.firstBad?.reason).toMatch(reason);
      }
    },
  );

  test("finds nothing when an allow is turned into a deny and back", async () => {
    const position = allowed();
    let before: OpenEntry["outcome"] = { events: [] };
    forge(place.vault, {
      entries: at(position, (entry) => {
        before = entry.outcome;
        entry.outcome = { refusal: { code: "vault_held" } };
      }),
    });
    expect((await verify()).ok).toBe(false);
    forge(place.vault, { entries: at(position, (entry) => (entry.outcome = before)) });
    expect(await verify()).toMatchObject({ ok: true, entries });
  });

  test("finds a changed state digest at the checkpoint that carries it", async () => {
    for (const size of [2, entries]) {
      restore();
      forge(place.vault, { stateDigest: (right, at) => (at === size ? someDigest : right) });
      for (const report of [await verify(), await verifyUnknown()]) {
        expect(report.firstBad?.position).toBe(size);
        expect(report.firstBad?.reason).toMatch(
          /the checkpoint of size \d+ has another state digest: found sha256:A+E, and replaying gives sha256:/,
        );
      }
    }
  });

  test("another history that the kernel would have decided so is found by the known checkpoint alone", async () => {
    forge(place.vault, { entries: (all) => void all.splice(-1, 1) });
    expect(await verifyUnknown()).toMatchObject({ ok: true, entries: entries - 1 });
    expect((await verify()).firstBad?.reason).toMatch(/the entry is missing/);
  });
});

describe("verify when the vault is another", () => {
  const resigned = (): void => {
    const key = generateKey();
    forge(place.vault, {
      key,
      entries: (all) => {
        const record = all[1];
        if (record === undefined) return;
        const publicKey = signerOf(`toka/${vaultOf(all)}`, key).verifier.text;
        Object.assign(record.operation, { publicKey });
        if ("events" in record.outcome)
          for (const event of record.outcome.events) if ("publicKey" in event) Object.assign(event, { publicKey });
      },
    });
  };

  test("finds a log that was signed again with a new key throughout, and the vault does not open", async () => {
    resigned();
    expect((await verify()).firstBad).toMatchObject({
      position: 2,
      reason: expect.stringMatching(/signed with another key than the one seen before/),
    });
    await expect(openAt(place)).rejects.toMatchObject({ code: "vault_key_changed" });
  });

  test("cannot find that when nothing outside the vault remembers the key", async () => {
    resigned();
    expect(await verifyUnknown()).toMatchObject({ ok: true });
  });

  test("finds another key in the folder even when nothing is known", async () => {
    writeFileSync(join(place.vault, "key"), generateKey());
    expect((await verifyUnknown()).firstBad).toEqual({
      position: 2,
      reason: "the key in its folder is not the one that this entry records",
    });
    await expect(openAt(place, { knownVaults: null })).rejects.toMatchObject({ code: "vault_key_changed" });
  });

  test("needs no private key", async () => {
    rmSync(join(place.vault, "key"));
    expect(await verify()).toMatchObject({ ok: true, entries });
  });

  describe("because two vaults' files were swapped", () => {
    let other: Place;
    beforeAll(async () => {
      other = newPlace();
      const vault = await createAt(other, { knownVaults: place.known });
      await live(vault.machine);
      await vault.close();
      copyFileSync(place.known, join(place.dir, "honestly-known"));
    });
    afterAll(() => other.clean());

    test("finds it when whole folders were swapped, in both, and neither opens", async () => {
      const aside = join(other.dir, "aside");
      renameSync(place.vault, aside);
      renameSync(other.vault, place.vault);
      renameSync(aside, other.vault);
      for (const dir of [place.vault, other.vault]) {
        const report = await verifyBothWays({ dir, knownVaults: place.known });
        expect(report.firstBad).toMatchObject({
          position: 1,
          reason: expect.stringMatching(
            /not the vault known at .*: it is vault-\w+, and vault-\w+ is what was seen here before/,
          ),
        });
      }
      await expect(openAt(place)).rejects.toMatchObject({ code: "vault_swapped" });
      renameSync(place.vault, aside);
      renameSync(other.vault, place.vault);
      renameSync(aside, other.vault);
    });

    test.each(["log.db", "key"])("finds it when only %s was swapped, also with nothing known", async (file) => {
      copyFileSync(join(other.vault, file), join(place.vault, file));
      expect((await verify()).ok).toBe(false);
      expect((await verifyUnknown()).ok).toBe(false);
      await expect(openAt(place)).rejects.toMatchObject({
        code: file === "key" ? "vault_key_changed" : "vault_swapped",
      });
    });

    test("opens, replays everything and verifies when only the snapshot or the lookup index was swapped", async () => {
      mkdirSync(join(place.dir, "unused"), { recursive: true });
      for (const file of ["snapshot", "lookup.db"]) copyFileSync(join(other.vault, file), join(place.vault, file));
      const trouble: string[] = [];
      const vault = await openAt(place, { onTrouble: (thrown) => trouble.push(String(thrown)) });
      expect(vault.opened).toEqual({ entries, replayed: entries });
      expect(trouble).toEqual([
        expect.stringMatching(/Cannot use the snapshot: its checkpoint is not signed by the vault's key/),
      ]);
      await vault.close();
      expect(await verify()).toMatchObject({ ok: true });
    });
  });
});

function restore(): void {
  copyFileSync(join(honest, "log.db"), join(place.vault, "log.db"));
  for (const suffix of ["-wal", "-shm"]) rmSync(join(place.vault, `log.db${suffix}`), { force: true });
}

function eventOf(entry: OpenEntry): object {
  const [event] = "events" in entry.outcome ? entry.outcome.events : [];
  if (event === undefined) throw new Error("Cannot test: the entry has no event");
  return event;
}

function swapSql(left: number, right: number): string {
  return `UPDATE entries SET position = -1 WHERE position = ${left};
    UPDATE entries SET position = ${left} WHERE position = ${right};
    UPDATE entries SET position = ${right} WHERE position = -1`;
}

/** Changes one byte of a value and nothing of its type; an absent value becomes one. */
function changeByte(
  db: DatabaseSync,
  { table, key, at, column, seed }: { table: string; key: string; at: number; column: string; seed: number },
): void {
  const row = db
    .prepare(
      `SELECT typeof("${column}") AS type, "${column}" AS value, CAST("${column}" AS BLOB) AS raw FROM ${table} WHERE ${key} = ?`,
    )
    .get(at);
  const raw = Buffer.from(row?.["raw"] instanceof Uint8Array ? row["raw"] : []);
  const set = (sql: string, value: number | Uint8Array | string): void =>
    void db.prepare(`UPDATE ${table} SET "${column}" = ${sql} WHERE ${key} = ?`).run(value, at);
  if (row?.["type"] === "integer") return set("?", Number(row["value"]) + 1_000_000);
  if (raw.length === 0) return set("?", row?.["type"] === "blob" ? Buffer.of(1) : "x");
  const index = seed % raw.length;
  raw[index] = (raw[index] ?? 0) ^ (1 << (seed % 7));
  set(row?.["type"] === "blob" ? "?" : "CAST(? AS TEXT)", raw);
}

test("the honest vault was never touched", () => {
  expect(readFileSync(join(honest, "key")).length).toBeGreaterThan(0);
});
