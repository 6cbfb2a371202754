/** Entries on their way from the thread that reads them to the one that decides: what changes at the borders of batches, and who ends first. */
import { copyFileSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { leafDigest } from "../src/digest.ts";
import { verifyVault } from "../src/verify/verify-vault.ts";
import { verifyBothWays } from "./both-ways.ts";
import { forge, rowsOf, tamper, type OpenEntry } from "./tampering.ts";
import { asRoot, createAt, newPlace, type Place } from "./world.ts";

const entries = 200;
const borders = [2, 63, 64, 65, 128, 129, entries];

async function vaultOf(place: Place, size: number): Promise<void> {
  const vault = await createAt(place);
  const more = size - (await vault.machine.head()).position;
  await Promise.all(
    Array.from({ length: more }, (_, index) =>
      asRoot(vault.machine, { type: "principal.register", name: `person-${index}`, kind: "person" }),
    ),
  );
  await vault.close();
}

describe("verify in batches", () => {
  let place: Place;
  beforeAll(async () => {
    place = newPlace();
    await vaultOf(place, entries);
    copyFileSync(join(place.vault, "log.db"), join(place.dir, "honest.db"));
  });
  beforeEach(() => {
    copyFileSync(join(place.dir, "honest.db"), join(place.vault, "log.db"));
    for (const suffix of ["-wal", "-shm"]) rmSync(join(place.vault, `log.db${suffix}`), { force: true });
  });
  afterAll(() => place.clean());
  const options = () => ({ dir: place.vault, knownVaults: null });

  test("says the same with one thread as with two", async () => {
    const report = await verifyBothWays(options());
    expect(report).toMatchObject({ ok: true, entries });
    for (const threads of [1, 2] as const) expect(await verifyVault({ ...options(), threads })).toEqual(report);
  });

  const changes: readonly [string, (db: DatabaseSync, at: number) => void, RegExp][] = [
    ["its text is another", (db, at) => rewrite(db, { at, change: (text) => `${text} ` }), /digest is not that/],
    [
      "a column says otherwise",
      (db, at) => db.exec(`UPDATE entries SET agent = 'x' WHERE position = ${at}`),
      /"agent"/,
    ],
    ["it is gone", (db, at) => db.exec(`DELETE FROM entries WHERE position = ${at}`), /is missing/],
  ];
  test.each(changes)("names the entry at and beside the border of a batch when %s", async (_, change, reason) => {
    for (const at of borders) {
      copyFileSync(join(place.dir, "honest.db"), join(place.vault, "log.db"));
      tamper(place.vault, (db) => change(db, at));
      const { firstBad } = await verifyBothWays(options());
      expect(firstBad).toMatchObject({ position: at, reason: expect.stringMatching(reason) });
    }
  });

  test.each([
    ["a space stands in it", (text: string) => text.replace(',"outcome":', ', "outcome":')],
    ["a key stands twice", (text: string) => text.replace(/("name":"[^"]+",)/u, "$1$1")],
    ["a key is a prototype", (text: string) => text.replace('"operation":{', '"operation":{"__proto__":{},')],
    ["a letter is escaped", (text: string) => text.replace('"name":"p', '"name":"\\u0070')],
    ["half a character is escaped", (text: string) => text.replace('"name":"p', '"name":"\\ud800p')],
    ["its time has an exponent", (text: string) => text.replace(/"timeMs":(\d+)/u, '"timeMs":$1e0')],
    ["its position is written with a fraction", (text: string) => text.replace(/"position":(\d+)/u, '"position":$1.0')],
    ["a zero is negative", (text: string) => text.replace('"causes":[]', '"causes":[-0]')],
    ["keys stand in another order", (text: string) => text.replace(/("name":"[^"]+"),("kind":"[^"]+")/u, "$2,$1")],
    ["its operation stands twice", (text: string) => text.replace(/,"operation":.*(?=,"outcome":)/u, "$&$&")],
    ["something stands behind its outcome", (text: string) => text.replace(/\}$/u, ',"more":1}')],
  ])("does not take an entry whose bytes give its digest when %s", async (_, change) => {
    const [row] = rowsOf(place.vault, "SELECT bytes FROM entries WHERE position = 100");
    const bytes = change(String(row?.["bytes"]));
    expect(bytes).not.toBe(row?.["bytes"]);
    tamper(place.vault, (db) =>
      db.prepare("UPDATE entries SET bytes = ?, digest = ? WHERE position = 100").run(bytes, leafDigest(bytes)),
    );
    const { firstBad } = await verifyBothWays(options());
    expect(firstBad).toMatchObject({ position: 100, reason: expect.stringMatching(/canonical|malformed|unknown key/) });
  });

  test("names an entry that only deciding finds, and the one that comes first when the bytes of another are wrong", async () => {
    for (const at of borders.slice(1)) {
      copyFileSync(join(place.dir, "honest.db"), join(place.vault, "log.db"));
      forge(place.vault, { entries: (all) => refuse(all[at - 1]) });
      expect((await verifyBothWays(options())).firstBad).toMatchObject({
        position: at,
        reason: expect.stringMatching(/^its outcome/),
      });
      for (const other of [at - 1, at, Math.min(at + 1, entries)]) {
        tamper(place.vault, (db) => rewrite(db, { at: other, change: (text) => `${text}\n` }));
        const { firstBad } = await verifyBothWays(options());
        expect(firstBad?.position).toBe(Math.min(at, other));
        expect(firstBad?.reason).toMatch(other <= at ? /^its digest/ : /^its outcome/);
        tamper(place.vault, (db) => rewrite(db, { at: other, change: (text) => text.trimEnd() }));
      }
    }
  });
});

describe("verify on two threads of more than is ever on the way", () => {
  let place: Place;
  beforeAll(async () => {
    place = newPlace();
    await vaultOf(place, 1_500);
  });
  afterAll(() => place.clean());

  test("ends with the failure of the thread that decides, while the other one still has much to hand on", async () => {
    const known = readFileSync(place.known, "utf8");
    // Its size can be read, and the rest of the note is none.
    writeFileSync(place.known, known.replace(/(\\n\d+\\n).*?"/u, '$1"'));
    await expect(verifyVault({ dir: place.vault, knownVaults: place.known })).rejects.toMatchObject({
      code: "known_vaults_damaged",
    });
    writeFileSync(place.known, known);
  });

  test("reads to its end what lies behind a difference, and reports what one thread would", async () => {
    forge(place.vault, { entries: (all) => refuse(all[9]) });
    const two = await verifyVault({ dir: place.vault, knownVaults: null });
    expect(two.firstBad?.position).toBe(10);
    expect(await verifyVault({ dir: place.vault, knownVaults: null, threads: 1 })).toEqual(two);
  });
});

function refuse(entry: OpenEntry | undefined): void {
  if (entry !== undefined) entry.outcome = { refusal: { code: "vault_held" } };
}

function rewrite(db: DatabaseSync, { at, change }: { at: number; change: (text: string) => string }): void {
  const row = db.prepare("SELECT bytes FROM entries WHERE position = ?").get(at);
  db.prepare("UPDATE entries SET bytes = ? WHERE position = ?").run(change(String(row?.["bytes"])), at);
}
