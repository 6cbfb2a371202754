/** Forks of a vault: what they share, what is their own, and what is noticed when somebody changes either. */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { encodeState, type Operation } from "@toka/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { leafDigest } from "../src/digest.ts";
import { forkVault, type Forked, type ForkOptions } from "../src/fork/fork-vault.ts";
import { lookAtPast } from "../src/past.ts";
import { verifyHere, type VerifyReport } from "../src/verify/verify.ts";
import { openVault, type Vault } from "../src/vault.ts";
import { rowsOf, tamper } from "./tampering.ts";
import {
  asRoot,
  count,
  createAt,
  live,
  newPlace,
  openAt,
  optionsAt,
  prepare,
  root,
  sessionOf,
  spawnCounter,
  steadyClock,
  type Place,
} from "./world.ts";

let place: Place;
beforeEach(() => {
  place = newPlace();
});
afterEach(() => place.clean());

const person = (name: string): Operation => ({ type: "principal.register", name, kind: "person" });

async function fork(
  at: number,
  options: { readonly of: Pick<Vault, "dir" | "key" | "machine">; readonly into: string } & Partial<ForkOptions>,
): Promise<Forked> {
  const { of, into, ...more } = options;
  return forkVault(at, {
    dir: of.dir,
    key: of.key,
    head: await of.machine.head(),
    into: join(place.dir, into),
    knownVaults: place.known,
    moves: [],
    clock: steadyClock(1_800_000_000_000),
    ...more,
  });
}

const openFork = async ({ dir }: Forked): Promise<Vault> =>
  openVault({ ...optionsAt(place), dir, clock: steadyClock(1_800_000_100_000) });

const verify = async (dir: string): Promise<VerifyReport> => verifyHere({ dir, knownVaults: place.known });

const bytesOf = async ({ machine }: Vault, after = 0): Promise<readonly string[]> =>
  (await machine.read(after, { limit: 1_000 })).map(({ digest }) => digest);

/** A vault with a life in it, open, and its head. */
async function lived(): Promise<{ readonly vault: Vault; readonly head: number }> {
  const vault = await createAt(place);
  await live(vault.machine);
  await vault.checkpoint();
  for (const name of ["a", "b", "c"]) await asRoot(vault.machine, person(name));
  return { vault, head: (await vault.machine.head()).position };
}

describe("a fork", () => {
  test("goes on from any entry of a vault that is open, and both verify", async () => {
    const { vault, head } = await lived();
    for (const at of [1, 2, Math.floor(head / 2), head]) {
      const made = await fork(at, { of: vault, into: `fork-${at}` });
      const { state } = await lookAtPast(at, {
        dir: vault.dir,
        key: vault.key,
        head: await vault.machine.head(),
        look: (then) => ({ state: encodeState(then) }),
      });
      expect(state).toContain(made.parent);
      const own = await openFork(made);
      expect(own.id).toBe(made.vault);
      expect(own.opened).toEqual({ entries: at + 2, replayed: 0 });
      expect((await bytesOf(own)).slice(0, at)).toEqual((await bytesOf(vault)).slice(0, at));
      expect(await own.machine.view((now) => now.vault)).toMatchObject({ held: true, vault: made.vault });
      await asRoot(own.machine, { type: "vault.resume" });
      await asRoot(own.machine, person("later"));
      await own.close();
      expect(await verify(made.dir)).toMatchObject({ ok: true, entries: at + 4, known: at + 4 });
    }
    await asRoot(vault.machine, person("d"));
    await vault.close();
    expect(await verify(place.vault)).toMatchObject({ ok: true, entries: head + 1 });
  });

  test("is refused beyond the end, before the first entry, and in a folder with something in it", async () => {
    const { vault, head } = await lived();
    for (const at of [0, head + 1])
      await expect(fork(at, { of: vault, into: "fork" })).rejects.toMatchObject({ code: "position_beyond" });
    mkdirSync(join(place.dir, "full"));
    writeFileSync(join(place.dir, "full", "mine"), "");
    await expect(fork(head, { of: vault, into: "full" })).rejects.toMatchObject({
      code: "vault_exists",
      message: `Cannot make a fork in ${join(place.dir, "full")}: "mine" is there already; give a folder that is empty or not there`,
    });
    await vault.close();
  });

  test("finds what is in its beginning: entries, and payloads, which it stores when it names them", async () => {
    const vault = await createAt(place);
    await prepare(vault.machine);
    const { agent } = await spawnCounter(vault.machine, "first");
    const crew = vault.machine.seal(new TextEncoder().encode("a crew"));
    await vault.machine.submit(sessionOf(crew.content), { caller: root, payloads: [crew] });
    const { position: at } = await vault.machine.head();
    const made = await fork(at, { of: vault, into: "fork" });
    const own = await openFork(made);
    await asRoot(own.machine, { type: "vault.resume" });
    expect(await own.machine.payload(crew.content)).toEqual(new TextEncoder().encode("a crew"));
    await own.machine.submit(sessionOf(crew.content), { caller: root });
    await count(own.machine, await spawnCounter(own.machine, "second"));
    const ofFirst = await own.machine.find({ agent }, { after: 0, limit: 100 });
    expect(ofFirst.map(({ entry }) => entry.position)).toEqual(
      (await vault.machine.find({ agent }, { after: 0, limit: 100 })).map(({ entry }) => entry.position),
    );
    const second = await own.machine.find({ agent: "second" }, { after: 0, limit: 100 });
    expect(Math.min(...second.map(({ entry }) => entry.position))).toBeGreaterThan(at);
    await vault.close();
    await own.close();
    expect(await verify(made.dir)).toMatchObject({ ok: true });
    // What it names itself it has, wherever its parent is.
    renameSync(place.vault, join(place.dir, "elsewhere"));
    const alone = await openFork(made);
    expect(await alone.machine.payload(crew.content)).toEqual(new TextEncoder().encode("a crew"));
    await alone.close();
  });

  test("refuses to erase what lies with its parent, and goes on", async () => {
    const vault = await createAt(place);
    const seen = vault.machine.seal("seen before");
    const operation = {
      type: "observation.emit",
      ...{ agent: null, kind: "finding", confidencePermille: 1_000, metadata: [], content: seen.content },
    } as const;
    await asRoot(vault.machine, operation, [seen]);
    const { position: at } = await vault.machine.head();
    const own = await openFork(await fork(at, { of: vault, into: "fork" }));
    const before = await own.machine.head();
    const erasing = { type: "payload.erase", payloads: [seen.content.commitment], reason: "asked for" } as const;
    await expect(asRoot(own.machine, erasing)).rejects.toMatchObject({ code: "payload_with_parent" });
    expect(await own.machine.head()).toEqual(before);
    expect(await own.machine.payload(seen.content)).toEqual(new TextEncoder().encode("seen before"));
    await asRoot(vault.machine, erasing);
    await asRoot(own.machine, { type: "vault.resume" });
    await own.close();
    await vault.close();
  });

  test("of a fork shares with both, wherever it begins", async () => {
    const { vault, head } = await lived();
    const first = await fork(head, { of: vault, into: "first" });
    const one = await openFork(first);
    await asRoot(one.machine, { type: "vault.resume" });
    await asRoot(one.machine, person("one"));
    for (const at of [5, head + 3]) {
      const second = await fork(at, { of: one, into: `second-${at}` });
      expect(second.parent).toBe(at > head ? first.vault : vault.id);
      const two = await openFork(second);
      expect((await bytesOf(two)).slice(0, at)).toEqual((await bytesOf(one)).slice(0, at));
      await asRoot(two.machine, { type: "vault.resume" });
      await two.close();
      expect(await verify(second.dir)).toMatchObject({ ok: true, entries: at + 3 });
      for (const past of [1, at - 1, at, at + 2]) {
        const seen = { dir: second.dir, key: two.key, head: { position: at + 3, digest: "" }, look: encodeState };
        const again = await openFork(second);
        expect(await lookAtPast(past, { ...seen, head: await again.machine.head() })).toContain('"position":');
        await again.close();
      }
    }
    await one.close();
    await vault.close();
  });

  test("goes on without its parent, and says so to whoever asks for what lies there", async () => {
    const { vault, head } = await lived();
    await vault.close();
    const reopened = await openAt(place);
    const made = await fork(head, { of: reopened, into: "fork" });
    await reopened.close();
    renameSync(place.vault, join(place.dir, "moved"));
    const own = await openFork(made);
    await asRoot(own.machine, { type: "vault.resume" });
    expect(await bytesOf(own, made.position)).toHaveLength(3);
    await expect(own.machine.read(0, { limit: 1 })).rejects.toMatchObject({ code: "parent_missing" });
    await own.close();
    const report = await verify(made.dir);
    expect(report).toMatchObject({ ok: false, firstBad: { position: 0 } });
    expect(report.firstBad?.reason).toMatch(/^the beginning of its log lies with its parent: .* is not there$/u);
    // Whoever moved it says where it is.
    const file = join(made.dir, "parent");
    writeFileSync(file, readFileSync(file, "utf8").replace(place.vault, join(place.dir, "moved")));
    expect(await verify(made.dir)).toMatchObject({ ok: true });
  });
});

describe("verification of a fork", () => {
  async function made(): Promise<Forked> {
    const { vault, head } = await lived();
    const forked = await fork(head - 2, { of: vault, into: "fork" });
    await vault.close();
    const own = await openFork(forked);
    await asRoot(own.machine, { type: "vault.resume" });
    await own.close();
    expect(await verify(forked.dir)).toMatchObject({ ok: true });
    return forked;
  }

  test("is red, as its parent's is, when an entry that both share was changed", async () => {
    const forked = await made();
    tamper(place.vault, (db) => db.exec(`UPDATE entries SET bytes = replace(bytes, '"name":"a"', '"name":"z"')`));
    for (const dir of [place.vault, forked.dir]) expect(await verify(dir)).toMatchObject({ ok: false });
  });

  test("is red when a payload that its beginning names was changed, or the parent is another", async () => {
    const forked = await made();
    const other = newPlace();
    const another = await createAt(other);
    await live(another.machine);
    await another.close();
    tamper(place.vault, (db) => db.exec("UPDATE payloads SET bytes = x'00' WHERE id = 1"));
    expect(await verify(forked.dir)).toMatchObject({ ok: false });
    const file = join(forked.dir, "parent");
    writeFileSync(file, readFileSync(file, "utf8").replace(place.vault, other.vault));
    const report = await verify(forked.dir);
    expect(report.firstBad?.reason).toMatch(/has another entry \d+ than the one that was shared$/u);
    other.clean();
  });

  test("is not red for what became of the parent after the fork", async () => {
    const forked = await made();
    const vault = await openAt(place);
    await count(vault.machine, await spawnCounter(vault.machine, "after"));
    await vault.close();
    expect(await verify(forked.dir)).toMatchObject({ ok: true });
  });

  test("is red when its own first entry says that it goes on from something else", async () => {
    const forked = await made();
    const otherDigest = "sha256:q6uXvPDZ8kjlFLyvnmjhyiLLHkN4yRYjlRSEoTOYVpk";
    const forgeries = [
      ["root", otherDigest, /goes on from other entries: found the root/u],
      ["digest", otherDigest, /goes on from another entry/u],
      ["position", 3, /./u],
      ["parent", `vault-${"0".repeat(32)}`, /./u],
    ] as const;
    const honest = rowsOf(forked.dir, "SELECT bytes FROM entries ORDER BY position LIMIT 1")[0]?.["bytes"];
    for (const [field, value, reason] of forgeries) {
      const entry: unknown = JSON.parse(String(honest), (key, one: unknown) =>
        key === field && one !== null ? value : one,
      );
      // Its own entry's position comes first, and is left alone.
      const bytes = JSON.stringify(entry).replace(/^\{"position":\d+/u, `{"position":${forked.position + 1}`);
      changeFork(forked.dir, (db) =>
        db
          .prepare("UPDATE entries SET bytes = ?, digest = ? WHERE position = ?")
          .run(bytes, leafDigest(bytes), forked.position + 1),
      );
      const report = await verify(forked.dir);
      expect(report).toMatchObject({ ok: false, firstBad: { position: forked.position + 1 } });
      expect(report.firstBad?.reason).toMatch(reason);
    }
  });
});

/** With the triggers of this very log out of the way, and back as they were. */
function changeFork(dir: string, change: (db: DatabaseSync) => void): void {
  const db = new DatabaseSync(join(dir, "log.db"));
  const triggers = db.prepare("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").all();
  db.exec("BEGIN");
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${String(name)}`);
  change(db);
  for (const { sql } of triggers) db.exec(String(sql));
  db.exec("COMMIT");
  db.close();
}

test("the verifier in Python takes a fork and its beginning for one log, and finds what was changed in it", async (context) => {
  if (spawnSync("python3", ["--version"]).status !== 0) context.skip("no python3 on this machine");
  const { vault, head } = await lived();
  const first = await fork(head - 1, { of: vault, into: "first" });
  const one = await openFork(first);
  const second = await fork(head + 1, { of: one, into: "second" });
  await one.close();
  await vault.close();
  const python = (dir: string): unknown => {
    const script = join(import.meta.dirname, "../../../tools/verify-py/verify.py");
    const env = { PATH: process.env["PATH"], PYTHONDONTWRITEBYTECODE: "1" };
    const { stdout, stderr } = spawnSync("python3", [script, dir, "--json"], { encoding: "utf8", env });
    expect(stderr).toBe("");
    return JSON.parse(stdout);
  };
  for (const { dir, position } of [first, second]) {
    expect(python(dir)).toMatchObject({ ok: true, included: position + 2, hashOnly: 0 });
  }
  tamper(place.vault, (db) => db.exec("UPDATE payloads SET bytes = x'00' WHERE id = 1"));
  for (const { dir } of [first, second]) expect(python(dir)).toMatchObject({ ok: false });
});
