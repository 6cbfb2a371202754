/** Verification by halves: the same report where all is well, none where it is not, and nothing believed of a kept state. */
import { copyFileSync, cpSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { AgentId, Content, PayloadDraft } from "@toka/kernel";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { keepState } from "../src/kept-states.ts";
import { vaultFiles } from "../src/vault-files.ts";
import { halvesOf } from "../src/verify/halves.ts";
import { verifyHere } from "../src/verify/verify.ts";
import { verifyInHalves, verifyVault } from "../src/verify/verify-vault.ts";
import type { Vault } from "../src/vault.ts";
import { always, verifyByHalves } from "./both-ways.ts";
import { forge, tamper, type OpenEntry } from "./tampering.ts";
import { asRoot, count, createAt, live, newPlace, spawnCounter, type Place } from "./world.ts";

let place: Place;
let honest = "";
let border = 0;
let entries = 0;
let shared = "";
let erased = "";

/** A verdict whose evidence may be stored already. */
async function judge(
  vault: Vault,
  { agent, content, brought = [] }: { agent: AgentId; content: Content; brought?: readonly PayloadDraft[] },
): Promise<void> {
  const evidence = [{ label: "file", content }];
  const operation = { agent, objective: "counted", met: true, method: "file", evidence, inputs: [] } as const;
  await asRoot(vault.machine, { type: "objective.judge", ...operation }, brought);
}

/** What a session that has ended was started with: the first half names it, and nothing alive does. */
async function crewOf(vault: Vault): Promise<string> {
  for (const { entry } of await vault.machine.find({ kind: "session.start" }, { after: 0, limit: 1 }))
    if (entry.operation.type === "session.start") return entry.operation.crew.commitment;
  throw new Error("Cannot erase: no session was started");
}

beforeAll(async () => {
  place = newPlace();
  const vault = await createAt(place);
  await live(vault.machine);
  const both = vault.machine.seal("seen by both halves");
  shared = both.content.commitment;
  const { agent } = await spawnCounter(vault.machine, "third");
  await judge(vault, { agent, content: both.content, brought: [both] });
  await vault.checkpoint();
  border = (await vault.machine.head()).position;
  await keepState(vaultFiles(place.vault), { size: border, entriesMin: 1 });
  const fourth = await spawnCounter(vault.machine, "fourth");
  await judge(vault, { agent: fourth.agent, content: both.content });
  await count(vault.machine, fourth);
  await judge(vault, { agent, content: both.content });
  for (const name of ["a", "b", "c"]) await asRoot(vault.machine, { type: "principal.register", name, kind: "person" });
  erased = await crewOf(vault);
  await asRoot(vault.machine, { type: "payload.erase", payloads: [erased], reason: "asked for" });
  entries = (await vault.machine.head()).position;
  // Whoever looks something up brings the index to the end of the log.
  await vault.machine.find({ kind: "agent.spawn" }, { after: 0, limit: 1 });
  await vault.close();
  honest = place.copyOf("honest");
  copyFileSync(place.known, join(place.dir, "honestly-known"));
});
afterAll(() => place.clean());
beforeEach(() => {
  rmSync(place.vault, { recursive: true, force: true });
  cpSync(honest, place.vault, { recursive: true });
  copyFileSync(join(place.dir, "honestly-known"), place.known);
});

const options = () => ({ dir: place.vault, knownVaults: place.known });
const stateFile = () => join(place.vault, "states", String(border));
const lookups = (sql: string): void => {
  const db = new DatabaseSync(join(place.vault, "lookup.db"));
  db.exec(sql);
  db.close();
};

describe("verify by halves", () => {
  test("says of an honest vault what one pass says, on this thread and on two", async () => {
    const report = await verifyHere(options());
    expect(report).toMatchObject({ ok: true, entries, erased: 1 });
    expect(await verifyByHalves(options())).toEqual(report);
    expect(await verifyInHalves({ ...options(), worth: always })).toEqual(report);
    expect(await verifyByHalves({ ...options(), knownVaults: null })).toEqual({ ...report, known: null });
  });

  test("parts a log at the kept state that lies nearest to its middle, and one that is too small not at all", async () => {
    copyFileSync(stateFile(), join(place.vault, "states", "3"));
    const halves = await halvesOf(vaultFiles(place.vault), always);
    expect(halves).toMatchObject({ first: { after: 0, until: border }, second: { after: border, until: Infinity } });
    expect(await halvesOf(vaultFiles(place.vault))).toBeUndefined();
    expect(await halvesOf(vaultFiles(place.vault), { ...always, partMax: 0.5 })).toBeUndefined();
  });

  const kept: readonly (readonly [string, () => void])[] = [
    ["is empty", () => writeFileSync(stateFile(), "")],
    ["is cut short", () => writeFileSync(stateFile(), readFileSync(stateFile()).subarray(0, -20))],
    ["holds another amount", () => edit((text) => text.replace('"toolCalls":10', '"toolCalls":11'))],
    [
      "holds another agent's name",
      () =>
        edit((text) => text.replace('"name":"fourth"', '"name":"fifth"').replace('"name":"third"', '"name":"fifth"')),
    ],
    ["lacks an entity", () => edit((text) => text.replace(/\nagents\/[^\n]*/u, ""))],
    [
      "has a row as its own parent",
      () => edit((text) => text.replace(/(\ngrants\/(grant-[0-9-]+)\t[^\n]*"parent":)"[^"]*"/u, '$1"$2"')),
    ],
    ["names another digest for its last entry", () => edit((text) => text.replace(/("digest":"sha256:)(.)/u, other))],
    ["names another time", () => edit((text) => text.replace(/"timeMs":(\d+)/u, '"timeMs":1$1'))],
    ["has another tree", () => edit((text) => text.replace(/("peaks":\["sha256:)(.)/u, other))],
    ["is of another moment", () => copyFileSync(join(place.vault, "snapshot"), stateFile())],
  ];
  test.each(kept)(
    "says nothing when the kept state %s, and one pass says that the vault is whole",
    async (_, change) => {
      const before = readFileSync(stateFile());
      change();
      expect(readFileSync(stateFile())).not.toEqual(before);
      expect(await verifyByHalves(options())).toBeUndefined();
      expect(await verifyHere(options())).toMatchObject({ ok: true, entries });
    },
  );

  test("ends, and reports what one pass does, when a kept state is none, on threads of its own", async () => {
    edit((text) => text.replace(/\nagents\/[^\n]*/u, ""));
    expect(await verifyInHalves({ ...options(), worth: always })).toBeUndefined();
    expect(await verifyVault(options())).toMatchObject({ ok: true, entries });
  });
});

describe("verify by halves says nothing of a vault that is not whole", () => {
  const at = () => [1, 2, border - 1, border, border + 1, border + 2, entries];

  test.each<readonly [string, (db: DatabaseSync, position: number) => void]>([
    ["an entry is gone", (db, position) => db.exec(`DELETE FROM entries WHERE position = ${position}`)],
    [
      "a text is another",
      (db, position) => db.exec(`UPDATE entries SET bytes = bytes || ' ' WHERE position = ${position}`),
    ],
    ["a column is another", (db, position) => db.exec(`UPDATE entries SET kind = 'x' WHERE position = ${position}`)],
  ])("where %s, at and beside the border", async (_, change) => {
    for (const position of at()) {
      cpSync(join(honest, "log.db"), join(place.vault, "log.db"));
      tamper(place.vault, (db) => change(db, position));
      expect((await verifyHere(options())).firstBad?.position).toBe(position);
      expect(await verifyByHalves(options()), String(position)).toBeUndefined();
    }
  });

  test("where an entry is forged and everything signed again, in either half", async () => {
    for (const position of [border - 1, border, border + 1, entries]) {
      cpSync(honest, place.vault, { recursive: true });
      forge(place.vault, { entries: (all) => rename(all[position - 1]) });
      const report = await verifyHere({ ...options(), knownVaults: null });
      expect(report.ok).toBe(false);
      expect(await verifyByHalves({ ...options(), knownVaults: null })).toBeUndefined();
    }
  });

  test.each<readonly [string, (db: DatabaseSync) => unknown]>([
    ["a payload of both halves counts one more", (db) => change(db, '"references" = "references" + 1')],
    ["a payload of both halves counts one less", (db) => change(db, '"references" = "references" - 1')],
    ["a payload of both halves counts only the first", (db) => change(db, '"references" = 1')],
    ["a payload of both halves has other bytes", (db) => change(db, "bytes = x'00'")],
    ["a payload of both halves is gone", (db) => db.exec(`DELETE FROM payloads WHERE commitment = '${shared}'`)],
    [
      "a payload of both halves is stored for each",
      (db) => {
        change(db, '"references" = 1');
        insertCopy(db, { where: `commitment = '${shared}'`, references: 2 });
      },
    ],
    [
      "a payload of both halves is stored again",
      (db) => insertCopy(db, { where: `commitment = '${shared}'`, references: 1 }),
    ],
    ["one that nobody names lies behind the last", (db) => insertCopy(db, { where: "id = 1", references: 1 })],
    [
      "a payload of the first half that the second erased has bytes",
      (db) => db.exec(`UPDATE payloads SET salt = zeroblob(16), bytes = x'00' WHERE commitment = '${erased}'`),
    ],
    [
      "a payload of the first half has no bytes, and nobody erased it",
      (db) => change(db, `(salt, bytes) = (SELECT salt, bytes FROM payloads WHERE commitment = '${erased}')`),
    ],
    ["the last one is gone", (db) => db.exec("DELETE FROM payloads WHERE id = (SELECT max(id) FROM payloads)")],
    ["a checkpoint is gone", (db) => db.exec(`DELETE FROM checkpoints WHERE size = ${border}`)],
    ["a checkpoint is another", (db) => db.exec(`UPDATE checkpoints SET size = size + 1 WHERE size = ${border}`)],
    [
      "a checkpoint covers more",
      (db) => db.exec(`INSERT INTO checkpoints SELECT ${entries + 5}, note FROM checkpoints LIMIT 1`),
    ],
  ])("where %s", async (_, change) => {
    tamper(place.vault, (db) => change(db));
    expect((await verifyHere(options())).ok).toBe(false);
    expect(await verifyByHalves(options())).toBeUndefined();
  });

  test.each<readonly [string, () => string]>([
    ["lacks a list of the first half", () => "DELETE FROM postings WHERE first = 1"],
    [
      "lacks a list that goes on in the second half",
      () =>
        `UPDATE postings SET positions = json_remove(positions, '$[#-1]') WHERE json_extract(positions, '$[#-1]') > ${border} AND first < ${border}`,
    ],
    [
      "lists an entry too many",
      () => `UPDATE postings SET positions = json_insert(positions, '$[#]', ${1_000_000}) WHERE first = 1`,
    ],
    [
      "lists out of order what is far off",
      () => `UPDATE postings SET positions = json_insert(positions, '$[#]', 1000000, '$[#]', 2) WHERE first = 1`,
    ],
    ["lacks a cause", () => "DELETE FROM causes WHERE position = (SELECT max(position) FROM causes)"],
    ["lists a cause that is none", () => `INSERT INTO causes VALUES (1, ${border + 1})`],
    ["lacks a payload of the first half", () => "DELETE FROM payload_keys WHERE id = 1"],
    ["lacks the last payload", () => "DELETE FROM payload_keys WHERE id = (SELECT max(id) FROM payload_keys)"],
  ])("where the lookup index %s", async (_, sql) => {
    lookups(sql());
    expect((await verifyHere(options())).ok).toBe(false);
    expect(await verifyByHalves(options())).toBeUndefined();
  });

  test("where it is not the vault that was known", async () => {
    tamper(place.vault, (db) => {
      db.exec(`DELETE FROM entries WHERE position > ${border}; DELETE FROM checkpoints WHERE size > ${border}`);
    });
    rmSync(join(place.vault, "lookup.db"));
    expect((await verifyHere(options())).ok).toBe(false);
    expect(await verifyByHalves(options())).toBeUndefined();
  });
});

function edit(change: (text: string) => string): void {
  const before = readFileSync(stateFile(), "utf8");
  rmSync(stateFile());
  writeFileSync(stateFile(), change(before));
}

function other(_: string, before: string, first: string): string {
  return before + (first === "A" ? "B" : "A");
}

function change(db: DatabaseSync, set: string): void {
  db.exec(`UPDATE payloads SET ${set} WHERE commitment = '${shared}'`);
}

function insertCopy(db: DatabaseSync, { where, references }: { where: string; references: number }): void {
  db.exec(
    `INSERT INTO payloads (commitment, "references", salt, bytes, children) SELECT commitment, ${references}, salt, bytes, children FROM payloads WHERE ${where} LIMIT 1`,
  );
}

/** An outcome that deciding again does not give. */
function rename(entry: OpenEntry | undefined): void {
  if (entry === undefined) throw new Error("Cannot forge: there is no such entry");
  entry.outcome = { refusal: { code: "vault_held" } };
}
