/** Vaults in their folders: creating, opening, locking, snapshots, full disks and sudden death. */
import { execFileSync, spawn } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { clientsAt, createLogFile } from "../src/backends/sqlite/file.ts";
import { openSqliteLog } from "../src/backends/sqlite/log.ts";
import { Fold } from "../src/fold.ts";
import { checkpointEntriesMax, snapshotEntriesMax } from "../src/limits.ts";
import type { Log } from "../src/log.ts";
import { replay } from "../src/replay.ts";
import { vaultExists, type OpenVaultOptions, type Vault } from "../src/vault.ts";
import { verifyHere } from "../src/verify/verify.ts";
import {
  asRoot,
  count,
  createAt,
  live,
  made,
  newPlace,
  openAt,
  prepare,
  sessionOf,
  spawnCounter,
  type Place,
} from "./world.ts";
import { fated, failsAt, wrapped } from "./wrapped-log.ts";

let place: Place;
beforeEach(() => {
  place = newPlace();
});
afterEach(() => place.clean());

const verify = () => verifyHere({ dir: place.vault, knownVaults: place.known });
const person = (name: string) => ({ type: "principal.register", name, kind: "person" }) as const;

async function digestByReplay(): Promise<string> {
  const log = openSqliteLog(clientsAt({ log: join(place.vault, "log.db"), lookup: join(place.vault, "lookup.db") }));
  const fold = new Fold();
  await replay(fold, { log });
  await log.close();
  return fold.stateDigest();
}

const stateOf = (vault: Vault): Promise<string> => vault.machine.still(async (fold) => fold.stateDigest());

describe("creating a vault", () => {
  test("leaves a private folder with its log, its key, its checkpoint, and a word to git", async () => {
    const vault = await createAt(place);
    expect(vaultExists(place.vault)).toBe(true);
    const names = readdirSync(place.vault).toSorted();
    expect(names).toEqual(expect.arrayContaining([".gitignore", "key", "lock", "log.db"]));
    expect(names).not.toContain("new");
    expect(statSync(place.vault).mode & 0o777).toBe(0o700);
    for (const name of names) expect(statSync(join(place.vault, name)).mode & 0o077).toBe(0);
    expect(readFileSync(join(place.vault, ".gitignore"), "utf8")).toBe("*\n");
    const [first, second] = await vault.machine.read(0, { limit: 10 });
    expect(first?.entry.operation).toMatchObject({ type: "vault.open", vault: vault.id });
    expect(second?.entry.operation).toMatchObject({ type: "key.record", purpose: "checkpoint", publicKey: vault.key });
    await vault.close();
    expect(await verify()).toMatchObject({ ok: true, entries: 2, checkpoints: 1, known: 2 });
  });

  test("makes a folder that was open to others private", async () => {
    mkdirSync(place.vault, { mode: 0o755 });
    chmodSync(place.vault, 0o755);
    await (await createAt(place)).close();
    expect(statSync(place.vault).mode & 0o777).toBe(0o700);
  });

  test("fails with vault_exists where there is one, and leaves it as it is", async () => {
    await (await createAt(place)).close();
    const before = readFileSync(join(place.vault, "log.db"));
    await expect(createAt(place)).rejects.toMatchObject({
      code: "vault_exists",
      message: expect.stringContaining(place.vault),
    });
    expect(readFileSync(join(place.vault, "log.db")).equals(before)).toBe(true);
  });

  test("lets exactly one of several at once create it", async () => {
    const tries = await Promise.allSettled(Array.from({ length: 4 }, () => createAt(place)));
    const made = tries.filter((result) => result.status === "fulfilled");
    expect(made).toHaveLength(1);
    for (const result of tries)
      if (result.status === "rejected") expect(["vault_exists", "vault_locked"]).toContain(result.reason.code);
    await made[0]?.value.close();
  });

  test("works in a folder where an earlier creation died at any point before its end", async () => {
    for (const left of [
      "nothing but the folder",
      "a half-made log",
      "a log without its key",
      "the key in place and the log not",
    ]) {
      rmSync(place.vault, { recursive: true, force: true });
      mkdirSync(join(place.vault, "new"), { recursive: true });
      if (left !== "nothing but the folder") writeFileSync(join(place.vault, "new", "log.db"), "half");
      if (left === "a log without its key") createLogFile(join(place.vault, "new", "other.db"));
      if (left.startsWith("the key")) writeFileSync(join(place.vault, "key"), "an old key");
      expect(vaultExists(place.vault)).toBe(false);
      await expect(openAt(place)).rejects.toMatchObject({ code: "vault_absent" });
      const vault = await createAt(place, { knownVaults: null });
      await vault.close();
      expect((await verifyHere({ dir: place.vault, knownVaults: null })).ok).toBe(true);
    }
  });
});

describe("opening a vault", () => {
  test("fails with vault_locked and says what to do while another holds it, and works afterwards", async () => {
    const first = await createAt(place);
    await expect(openAt(place)).rejects.toMatchObject({
      code: "vault_locked",
      retry: "later",
      message: expect.stringMatching(/Cannot open the vault .*: another process has it open; use its socket, or stop/),
    });
    await asRoot(first.machine, person("ann"));
    await first.close();
    const second = await openAt(place);
    expect((await second.machine.head()).position).toBe(3);
    await second.close();
  });

  test("goes on where it stood, with the state that a full replay gives", async () => {
    const first = await createAt(place);
    await live(first.machine);
    const before = await stateOf(first);
    await first.close();
    const second = await openAt(place);
    expect(second.opened.replayed).toBe(0);
    expect(await stateOf(second)).toBe(before);
    await live2(second);
    const after = await stateOf(second);
    await second.close();
    expect(await digestByReplay()).toBe(after);
    expect(await verify()).toMatchObject({ ok: true });
  });

  test("property: snapshot and tail give the state of a full replay, wherever the snapshot was taken", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom("spawn", "count", "checkpoint", "refuse", "reopen"), { minLength: 1, maxLength: 14 }),
        async (steps) => {
          rmSync(place.vault, { recursive: true, force: true });
          rmSync(place.known, { force: true });
          let vault = await createAt(place);
          await prepare(vault.machine);
          const counters: Awaited<ReturnType<typeof spawnCounter>>[] = [];
          let spawned = 0;
          for (const step of steps) {
            if (step === "spawn") counters.push(await spawnCounter(vault.machine, `c${(spawned += 1)}`));
            const next = step === "count" ? counters.pop() : undefined;
            if (next !== undefined) await count(vault.machine, next);
            if (step === "checkpoint") await vault.checkpoint();
            if (step === "refuse") await asRoot(vault.machine, { ...person("x"), kind: "agent" });
            if (step === "reopen") {
              await vault.close();
              vault = await openAt(place);
            }
          }
          const digest = await stateOf(vault);
          await vault.close();
          const reopened = await openAt(place);
          expect(reopened.opened.replayed).toBe(0);
          expect(await stateOf(reopened)).toBe(digest);
          await reopened.close();
          expect(await digestByReplay()).toBe(digest);
        },
      ),
      { numRuns: 12 },
    );
  });

  test.each([
    ["is absent", (path: string) => rmSync(path)],
    ["is cut short", (path: string) => writeFileSync(path, readFileSync(path, "utf8").slice(0, 900))],
    ["is empty", (path: string) => writeFileSync(path, "")],
    [
      "has another position",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace(/"position":\d+/, '"position":5')),
    ],
    [
      "has a changed state",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replaceAll('"operator"', '"operatox"')),
    ],
    [
      "has an entity twice",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace(/^agents\/.*\n/m, "$&$&")),
    ],
    [
      "lacks an entity",
      (path: string) => writeFileSync(path, readFileSync(path, "utf8").replace(/^agents\/.*\n/m, "")),
    ],
    ["has a line too many", (path: string) => writeFileSync(path, `${readFileSync(path, "utf8")}agents/a\t{}\n`)],
    ["has a line without an end", (path: string) => writeFileSync(path, `${readFileSync(path, "utf8")}agents/a\t{}`)],
    [
      "has a changed peak",
      (path: string) =>
        writeFileSync(path, readFileSync(path, "utf8").replace('"peaks":["sha256:', '"peaks":["sha256:A')),
    ],
  ])("replays everything, and the state is right, when the snapshot %s", async (_, damage) => {
    const first = await createAt(place);
    await live(first.machine);
    const digest = await stateOf(first);
    await first.close();
    damage(join(place.vault, "snapshot"));
    const second = await openAt(place);
    expect(second.opened.replayed).toBe(second.opened.entries);
    expect(await stateOf(second)).toBe(digest);
    await second.close();
  });

  test("takes a moved vault for the same one, and a copy that stayed behind for a rollback", async () => {
    await (await createAt(place)).close();
    const copy = place.copyOf("copy");
    const vault = await openAt(place);
    await asRoot(vault.machine, person("ann"));
    await vault.close();
    await expect(openAt(place, { dir: copy })).rejects.toMatchObject({ code: "vault_rolled_back" });
    const moved = place.copyOf("moved");
    await (await openAt(place, { dir: moved })).close();
  });

  test("advances the known checkpoint at a session's end, at a clean stop, and when enough entries came", async () => {
    const vault = await createAt(place);
    const known = async (): Promise<number> => (await verify()).known ?? 0;
    await asRoot(vault.machine, person("ann"));
    expect(await known()).toBe(2);
    await live(vault.machine);
    const ended = (await vault.machine.head()).position;
    await until(vault, () => readFileSync(place.known, "utf8").includes(`\\n${ended}\\n`));
    expect(await known()).toBe(ended);
    await asRoot(vault.machine, person("bob"));
    expect(await known()).toBe(ended);
    await many(vault, checkpointEntriesMax);
    await vault.machine.still(async () => undefined);
    expect((await verify()).checkpoints).toBe(3);
    const { position } = await vault.machine.head();
    await vault.close();
    expect(await known()).toBe(position);
  });

  test("writes a snapshot as entries come, so that opening after a death replays a bounded tail", async () => {
    const vault = await createAt(place);
    await many(vault, snapshotEntriesMax + checkpointEntriesMax);
    await until(vault, () => existsSync(join(place.vault, "snapshot")));
    const dead = place.copyOf("dead");
    const size = (await vault.machine.head()).position;
    await vault.close();
    rmSync(place.known);
    const reopened = await openAt(place, { dir: dead });
    expect(reopened.opened.entries).toBe(size);
    expect(reopened.opened.replayed).toBeLessThan(snapshotEntriesMax);
    await reopened.close();
  });

  test.each([
    ["its key is gone", "key", undefined, "vault_damaged"],
    ["its key is not a key", "key", "no key", "vault_damaged"],
    [
      "its log is not a database",
      "log.db",
      "no database, and longer than the header of one. ".repeat(8),
      "log_unavailable",
    ],
    ["its log is gone", "log.db", undefined, "vault_absent"],
  ])("fails clearly when %s", async (_, name, content, code) => {
    await (await createAt(place)).close();
    if (content === undefined) rmSync(join(place.vault, name));
    else writeFileSync(join(place.vault, name), content);
    await expect(openAt(place)).rejects.toMatchObject({ name: "Failure", code });
    // A failed opening lets go of the lock.
    await expect(openAt(place)).rejects.toMatchObject({ code });
  });
});

describe("a vault whose log fails", () => {
  test.each(["before", "after"] as const)(
    "is whole after a failure %s any append became durable, and goes on",
    async (when) => {
      const total = await appendsOfLive();
      for (let at = 1; at <= total; at += 5) {
        rmSync(place.vault, { recursive: true, force: true });
        rmSync(place.known, { force: true });
        const vault = await createAt(place, { wrapLog: (log) => fated(log, failsAt(at, when)) });
        await expect(live(vault.machine)).rejects.toMatchObject({ code: "outcome_unknown", retry: "later" });
        await asRoot(vault.machine, person("afterwards"));
        const digest = await stateOf(vault);
        await vault.close();
        expect(await digestByReplay()).toBe(digest);
        expect(await verify()).toMatchObject({ ok: true });
      }
    },
  );

  test("lets go of the lock when the last checkpoint cannot be written", async () => {
    const refuse = async (): Promise<never> => {
      throw new Error("the disk is gone");
    };
    const vault = await createAt(place, { wrapLog: (log) => wrapped(log, { putCheckpoint: refuse }) });
    await asRoot(vault.machine, person("ann"));
    await expect(vault.close()).rejects.toThrow("the disk is gone");
    const again = await openAt(place);
    expect((await again.machine.head()).position).toBe(3);
    await again.close();
  });

  test("says so when the disk is full, loses nothing, and goes on when there is room", async () => {
    const disk = fullDisk(place);
    try {
      const vault = await createAt(place, disk.options);
      const acknowledged: number[] = [];
      let failure: unknown;
      for (let index = 0; failure === undefined && index < 500; index += 1) {
        const draft = vault.machine.seal(Buffer.alloc(20_000, index));
        const receipt = await asRoot(vault.machine, sessionOf(draft.content), [draft]).catch(
          (thrown: unknown) => void (failure = thrown),
        );
        if (receipt?.position !== undefined && receipt.position !== null) acknowledged.push(receipt.position);
      }
      expect(failure).toMatchObject({ name: "Failure", retry: "later", message: expect.stringMatching(/full/) });
      expect(acknowledged.length).toBeGreaterThan(10);
      expect((await vault.machine.read(0, { limit: 1_000 })).map(({ entry }) => entry.position)).toEqual(
        expect.arrayContaining(acknowledged),
      );
      disk.makeRoom();
      const receipt = await asRoot(vault.machine, person("afterwards"));
      expect(receipt.position).toBeGreaterThan(acknowledged.at(-1) ?? 0);
      await vault.close();
      expect(await verifyHere({ dir: disk.dir, knownVaults: place.known })).toMatchObject({ ok: true });
    } finally {
      disk.remove();
    }
  });
});

describe("a vault whose process is killed", () => {
  test("has every acknowledged entry, opens, verifies and goes on, kill after kill", async () => {
    await (await createAt(place, { clock: Date.now })).close();
    const acknowledged = new Map<number, string>();
    // Seeded: the number of acknowledgements after which each round's process is killed.
    const kills = Array.from({ length: 8 }, (_, round) => ((round * 7919 + 13) % 211) * (round % 3) + 1);
    // And two more with so many callers that another thread writes.
    kills.push(4_001, 9_973);
    for (const [round, after] of kills.entries()) {
      await appendUntilKilled({ round, after, callers: round < 8 ? 8 : 100, acknowledged });
      const vault = await openAt(place, { clock: Date.now });
      const there = new Map<number, string>();
      for (let at = 0; ;) {
        const page = await vault.machine.read(at, { limit: 1_000 });
        if (page.length === 0) break;
        for (const { entry, digest } of page) there.set(entry.position, digest);
        at = page.at(-1)?.entry.position ?? at;
      }
      for (const [position, digest] of acknowledged) expect(there.get(position), `position ${position}`).toBe(digest);
      await asRoot(vault.machine, person(`after-${round}`));
      await vault.close();
      const report = await verify();
      expect(report.firstBad).toBeUndefined();
    }
    expect(acknowledged.size).toBeGreaterThanOrEqual(kills.reduce((sum, after) => sum + after, 0));
  });
});

/** Starts the appender, kills it once it has acknowledged `after` entries, and collects all that it had acknowledged. */
async function appendUntilKilled(of: {
  readonly round: number;
  readonly after: number;
  readonly callers: number;
  readonly acknowledged: Map<number, string>;
}): Promise<void> {
  const script = fileURLToPath(new URL("appender.ts", import.meta.url));
  const args = [
    "--conditions=toka-source",
    "--disable-warning=ExperimentalWarning",
    script,
    place.vault,
    place.known,
    String(of.round),
    String(of.callers),
  ];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const gone = new Promise<string | null>((resolve) => child.once("exit", (_, signal) => resolve(signal)));
  let seen = 0;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line === "open") continue;
    const [position, digest] = line.split(" ");
    // The last line may have been cut by the kill.
    if (digest?.length !== 50) continue;
    of.acknowledged.set(Number(position), digest);
    seen += 1;
    if (seen === of.after) child.kill("SIGKILL");
  }
  expect(await gone).toBe("SIGKILL");
}

/** A disk that fills up: a small tmpfs, for which one must be root; else a log that may have few pages only. */
function fullDisk(of: Place): {
  readonly options: Partial<OpenVaultOptions>;
  readonly dir: string;
  makeRoom(): void;
  remove(): void;
} {
  const mount = join(of.dir, "disk");
  mkdirSync(mount);
  const dir = join(mount, "vault");
  if (process.getuid?.() === 0) {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "toka-test", mount]);
    return {
      dir,
      options: { dir },
      makeRoom: () => void execFileSync("mount", ["-o", "remount,size=64m", mount]),
      remove: () => void execFileSync("umount", ["-l", mount]),
    };
  }
  let pages = 300;
  const files = { log: join(dir, "log.db"), lookup: join(dir, "lookup.db") };
  const connect = (): DatabaseSync => {
    const db = clientsAt(files).connect();
    db.exec(`PRAGMA max_page_count = ${pages}`);
    return db;
  };
  const wrapLog = (plain: Log): Log => {
    void plain.close();
    return openSqliteLog({ ...clientsAt(files), connect });
  };
  return { dir, options: { dir, wrapLog }, makeRoom: () => void (pages = 100_000), remove: () => undefined };
}

async function many(vault: Vault, total: number): Promise<void> {
  const { position } = await vault.machine.head();
  const refused = Array.from({ length: total }, (_, index) =>
    asRoot(vault.machine, person(`many-${position}-${index}`)),
  );
  await Promise.all(refused);
}

/** Waits until the files that follow the writer have followed. */
async function until(vault: Vault, holds: () => boolean): Promise<void> {
  while (!holds()) await vault.machine.still(async () => new Promise((resolve) => setImmediate(resolve)));
}

async function live2(vault: Vault): Promise<void> {
  const counter = await spawnCounter(vault.machine, "later");
  await count(vault.machine, counter);
  made(await asRoot(vault.machine, person("late")), "principal");
}

async function appendsOfLive(): Promise<number> {
  const vault = await createAt(place, { knownVaults: null });
  await live(vault.machine);
  const { position } = await vault.machine.head();
  await vault.close();
  return position - 2;
}
