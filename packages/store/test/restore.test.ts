/** Restoring: the vault that comes of a backup, when it is refused, and what it can do then. */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { encodeState } from "@toka/kernel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backUp } from "../src/keep/back-up.ts";
import { lookOver } from "../src/keep/look-over.ts";
import { restoreVault, type Restored, type RestoreOptions } from "../src/keep/restore.ts";
import { verifyBackup } from "../src/keep/verify-backup.ts";
import { lookAtPast } from "../src/past.ts";
import { openVault, type Vault } from "../src/vault.ts";
import { verifyHere } from "../src/verify/verify.ts";
import {
  made,
  asRoot,
  count,
  createAt,
  live,
  newPlace,
  sessionOf,
  spawnCounter,
  steadyClock,
  type Place,
} from "./world.ts";

let place: Place;
let vault: Vault;
let from: string;
let into: string;
const never = new AbortController().signal;

beforeEach(async () => {
  place = newPlace();
  from = join(place.dir, "backup");
  into = join(place.dir, "restored");
  vault = await createAt(place);
  await live(vault.machine);
  await vault.checkpoint();
  await count(vault.machine, await spawnCounter(vault.machine, "third"));
});
afterEach(async () => {
  await vault.close();
  place.clean();
});

async function backed(of: Vault = vault, also: { to?: string; segmentEntries?: number } = {}): Promise<number> {
  const head = await of.checkpoint();
  await backUp({ dir: of.dir, to: from, key: of.key, head, signal: never, ...also });
  return head.size;
}

const restore = (also: Partial<RestoreOptions> = {}): Promise<Restored> =>
  restoreVault({
    ...{ from, into, trusted: { key: vault.key }, until: {}, knownVaults: place.known, signal: never },
    ...{ clock: steadyClock(1_760_000_800_000), ...also },
  });

const open = (dir: string): Promise<Vault> =>
  openVault({ dir, knownVaults: place.known, clock: steadyClock(1_760_000_900_000) });

async function rows(of: Vault): Promise<readonly string[]> {
  return (await of.machine.read(0, { limit: 4_000 })).map(({ digest }) => digest);
}

describe("a restored vault", () => {
  test("has every entry and payload of the one that was lost, is held, and goes on as another", async () => {
    const large = vault.machine.seal(Buffer.alloc(2_500_000, "large"));
    await asRoot(vault.machine, sessionOf(large.content), [large]);
    const size = await backed();
    const lost = await rows(vault);
    const restored = await restore();
    expect(restored).toMatchObject({ position: size, parent: vault.id, signedBy: "key" });
    expect(restored.vault).not.toBe(vault.id);
    const again = await open(restored.dir);
    try {
      expect(again.id).toBe(restored.vault);
      expect((await rows(again)).slice(0, size)).toEqual(lost);
      expect(await again.machine.payload(large.content)).toEqual(new Uint8Array(large.bytes));
      expect(await again.machine.view((state) => state.vault?.held)).toBe(true);
      await asRoot(again.machine, { type: "vault.resume" });
      await spawnCounter(again.machine, "later");
    } finally {
      await again.close();
    }
    const report = await verifyHere({ dir: restored.dir, knownVaults: place.known });
    expect(report.firstBad).toBeUndefined();
    expect(report.entries).toBeGreaterThan(size + 2);
    expect(report.checkpoints).toBeGreaterThan(2);
    expect((await lookOver(restored.dir, { knownVaults: place.known })).filter(({ ok }) => !ok)).toEqual([]);
  });

  test.each([2, 7, 24, 25])("as of entry %i has the state that was then", async (at) => {
    await backed(vault, { segmentEntries: 5 });
    const restored = await restore({ until: { position: at } });
    expect(restored.position).toBe(at);
    const head = await vault.machine.head();
    const then = await lookAtPast(at, { dir: vault.dir, key: vault.key, head, look: encodeState });
    const again = await open(restored.dir);
    const head2 = await again.machine.head();
    await again.close();
    const mine = await lookAtPast(at, { dir: restored.dir, key: again.key, head: head2, look: encodeState });
    expect(mine).toBe(then);
    expect(await verifyHere({ dir: restored.dir, knownVaults: place.known })).toMatchObject({ ok: true });
  });

  test("as of a time has the last entry up to it", async () => {
    await backed();
    const [{ entry } = { entry: undefined }] = await vault.machine.read(11, { limit: 1 });
    const { position, timeMs } = await restore({ until: { timeMs: (entry?.stamp.timeMs ?? 0) + 1 } });
    expect(position).toBeGreaterThanOrEqual(12);
    expect(timeMs).toBeLessThanOrEqual((entry?.stamp.timeMs ?? 0) + 1);
  });

  test("is backed up itself, with the checkpoints of the one that it comes from, and restored again", async () => {
    await backed();
    const first = await restore({ until: { position: 26 } });
    const again = await open(first.dir);
    from = join(place.dir, "second");
    let size;
    try {
      size = await backed(again, { segmentEntries: 3 });
      expect(await verifyBackup({ path: from, key: again.key })).toMatchObject({ ok: true, size });
    } finally {
      await again.close();
    }
    into = join(place.dir, "third");
    const second = await restore({ trusted: { key: again.key } });
    expect(second).toMatchObject({ parent: first.vault, position: size });
    expect(await verifyHere({ dir: second.dir, knownVaults: place.known })).toMatchObject({ ok: true });
  });
});

describe("what was erased", () => {
  async function erased(): Promise<{ readonly commitment: string; readonly named: number; readonly by: number }> {
    const crew = vault.machine.seal("what nobody is to read any longer");
    const started = await asRoot(vault.machine, sessionOf(crew.content), [crew]);
    await asRoot(vault.machine, { type: "session.end", session: made(started, "session"), outcome: "cancelled" });
    const { commitment } = crew.content;
    if (kept) await backed();
    const { position } = await asRoot(vault.machine, {
      type: "payload.erase",
      payloads: [commitment],
      reason: "asked",
    });
    return { commitment, named: started.position ?? 0, by: position ?? 0 };
  }
  let kept = false;

  test.each([true, false])("is erased in the restored vault by the same entry; kept before: %s", async (before) => {
    kept = before;
    const { by } = await erased();
    await backed();
    const restored = await restore();
    const report = await verifyHere({ dir: restored.dir, knownVaults: place.known });
    expect(report).toMatchObject({ ok: true, erased: 1 });
    rmSync(into, { recursive: true });
    await expect(restore({ until: { position: by - 1 } })).rejects.toMatchObject({
      code: "restore_erased",
      message: expect.stringContaining(`as of entry ${by} or later`),
    });
    expect(await restore({ until: { position: by } })).toMatchObject({ position: by });
    rmSync(into, { recursive: true });
    expect(await restore({ until: { position: 5 } })).toMatchObject({ position: 5 });
  });
});

describe("a restore is refused", () => {
  test("into a folder with something in it, and leaves that", async () => {
    await backed();
    mkdirSync(into);
    writeFileSync(join(into, "mine"), "");
    await expect(restore()).rejects.toMatchObject({ code: "vault_exists" });
    expect(readdirSync(into)).toEqual(["mine"]);
    await expect(restore({ into: place.vault })).rejects.toMatchObject({ code: "vault_exists" });
  });

  test("beyond the backup's end, before its beginning, and of a backup that somebody else signed", async () => {
    const size = await backed();
    for (const position of [0, 1, size + 1])
      await expect(restore({ until: { position } })).rejects.toMatchObject({ code: "position_beyond" });
    await expect(restore({ until: { timeMs: 1 } })).rejects.toMatchObject({ code: "position_beyond" });
    const other = newPlace();
    const another = await createAt(other);
    await another.close();
    other.clean();
    await expect(restore({ trusted: { key: another.key } })).rejects.toMatchObject({
      code: "backup_damaged",
      message: expect.stringContaining("another key than the one given"),
    });
    expect(existsSync(join(into, "log.db"))).toBe(false);
    // The folder is made for the lock; nothing else is in it.
    expect(readdirSync(into).filter((name) => !name.startsWith("lock"))).toEqual([]);
  });

  test("of a backup that was changed, also behind the entry that is asked for", async () => {
    await backed();
    const [name = ""] = readdirSync(from).filter((one) => one.endsWith(".gz"));
    const text = gunzipSync(readFileSync(join(from, name))).toString("utf8");
    writeFileSync(join(from, name), gzipSync(text.replace("third", "thirt")));
    for (const until of [{}, { position: 5 }])
      await expect(restore({ until })).rejects.toMatchObject({ code: "backup_damaged" });
    rmSync(join(from, name));
    await expect(restore()).rejects.toMatchObject({ code: "backup_damaged" });
  });

  test("when it is stopped, and can be made again in the same folder", async () => {
    await backed();
    const stop = new AbortController();
    const cut = restore({ signal: stop.signal, onProgress: (position) => (position === 9 ? stop.abort() : undefined) });
    await expect(cut).rejects.toMatchObject({ code: "backup_stopped" });
    mkdirSync(join(into, "incoming"));
    writeFileSync(join(into, "incoming", "log.db"), "what a process that was killed leaves");
    expect(await restore()).toMatchObject({ parent: vault.id });
  });
});
