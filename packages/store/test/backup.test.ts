/** Backups: made beside a writer, added to, verified by themselves; and what must not become one. */
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { backUp, type BackUpOptions, type BackUpReport } from "../src/keep/back-up.ts";
import { verifyBackup } from "../src/keep/verify-backup.ts";
import { verifyFile } from "../src/proof/verify-file.ts";
import type { Vault } from "../src/vault.ts";
import { asRoot, count, createAt, live, made, newPlace, openAt, sessionOf, spawnCounter, type Place } from "./world.ts";

let place: Place;
let vault: Vault;
let to: string;
const never = new AbortController().signal;

beforeEach(async () => {
  place = newPlace();
  to = join(place.dir, "backup");
  vault = await createAt(place);
  await live(vault.machine);
});
afterEach(async () => {
  await vault.close();
  place.clean();
});

async function backed(also: Partial<BackUpOptions> = {}): Promise<BackUpReport> {
  const head = await vault.checkpoint();
  return backUp({ dir: place.vault, to, key: vault.key, head, signal: never, ...also });
}

const segments = (): readonly string[] => readdirSync(to).filter((name) => name.endsWith(".gz"));

/** A copy of the backup with one segment's lines changed. */
function changed(at: number, change: (lines: string[]) => readonly string[]): string {
  const copy = join(place.dir, "changed");
  rmSync(copy, { recursive: true, force: true });
  cpSync(to, copy, { recursive: true });
  const path = join(copy, segments()[at] ?? "");
  const lines = change(gunzipSync(readFileSync(path)).toString("utf8").trimEnd().split("\n"));
  writeFileSync(path, gzipSync(lines.map((line) => `${line}\n`).join("")));
  return copy;
}

describe("a backup", () => {
  test("holds everything, and is decided again from its own files alone", async () => {
    const report = await backed();
    const head = await vault.checkpoint();
    expect(report).toMatchObject({ size: head.size, entries: head.size, segments: 1 });
    const verdict = await verifyBackup({ path: to, key: vault.key, checkpoint: head.note });
    expect(verdict).toMatchObject({ ok: true, kind: "backup", size: head.size, continues: head.size, signedBy: "key" });
    expect(verdict.payloads).toEqual({ whole: report.payloads, absent: 0, erased: 0 });
    expect(verdict.entries["re-decided"] + verdict.entries.attested).toBe(head.size);
    expect(statSync(to).mode & 0o777).toBe(0o700);
    expect(statSync(join(to, segments()[0] ?? "")).mode & 0o777).toBe(0o600);
  });

  test("grows by what came, and what was there keeps its bytes", async () => {
    await backed();
    const [first = ""] = segments();
    const before = { bytes: readFileSync(join(to, first)), inode: statSync(join(to, first)).ino };
    // What is named again was kept already: a payload of before, and one that comes with children.
    await count(vault.machine, await spawnCounter(vault.machine, "third"));
    const large = vault.machine.seal(Buffer.alloc(2_500_000, "large"));
    await asRoot(vault.machine, sessionOf(large.content), [large]);
    await asRoot(vault.machine, { ...sessionOf(large.content), name: "again" } as never, [large]);
    const report = await backed();
    expect(report).toMatchObject({ segments: 1 });
    expect(report.entries).toBeLessThan(report.size);
    expect(await backed()).toMatchObject({ segments: 0, entries: 0, size: report.size });
    expect(readFileSync(join(to, first)).equals(before.bytes)).toBe(true);
    expect(statSync(join(to, first)).ino).toBe(before.inode);
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: report.size });
  });

  test("is cut into segments at checkpoints, each of which verifies by itself", async () => {
    for (const name of ["third", "fourth", "fifth"]) {
      await count(vault.machine, await spawnCounter(vault.machine, name));
      await vault.checkpoint();
    }
    const report = await backed({ segmentEntries: 5 });
    expect(report.segments).toBeGreaterThan(3);
    const verdict = await verifyBackup({ path: to, key: vault.key });
    expect(verdict).toMatchObject({ ok: true, size: report.size, payloads: { whole: report.payloads, absent: 0 } });
    const second = await verifyFile({ path: join(to, segments()[1] ?? ""), key: vault.key });
    expect(second).toMatchObject({ ok: true, kind: "export" });
    expect(second.entries.included).toBeGreaterThan(0);
  });

  test("goes on behind the last whole segment after it was ended in the middle", async () => {
    for (const name of ["third", "fourth", "fifth"]) {
      await count(vault.machine, await spawnCounter(vault.machine, name));
      await vault.checkpoint();
    }
    const ended = new AbortController();
    const cut = backed({ segmentEntries: 5, signal: ended.signal, onProgress: () => ended.abort() });
    await expect(cut).rejects.toMatchObject({ code: "backup_stopped" });
    const kept = segments();
    expect(kept).toHaveLength(1);
    writeFileSync(join(to, `${kept[0]}.next`), "what a process that was killed leaves");
    const report = await backed({ segmentEntries: 5 });
    expect(segments().slice(0, 1)).toEqual(kept);
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: report.size });
  });

  test("is made while entries come, of a moment that was signed", async () => {
    let writing = true;
    const writer = (async () => {
      for (let at = 0; writing; at += 1) await spawnCounter(vault.machine, `w${at}`);
    })();
    const reports: BackUpReport[] = [];
    for (let round = 0; round < 5; round += 1) reports.push(await backed());
    writing = false;
    await writer;
    expect(reports.map(({ size }) => size)).toEqual(reports.map(({ size }) => size).toSorted((a, b) => a - b));
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: reports.at(-1)?.size });
  });
});

/** A backup in a process of its own, ended by force once it has kept a first segment. */
async function killedBackup(): Promise<void> {
  const { note, size } = await vault.checkpoint();
  const script = `
    import { backUp } from ${JSON.stringify(new URL("../src/keep/back-up.ts", import.meta.url).href)};
    const options = JSON.parse(process.argv[1]);
    await backUp({ ...options, signal: new AbortController().signal, onProgress: () => process.kill(process.pid, "SIGKILL") });`;
  const options = { dir: place.vault, to, key: vault.key, head: { note, size }, segmentEntries: 5 };
  const flags = [
    "--conditions=toka-source",
    "--disable-warning=ExperimentalWarning",
    "--input-type=module",
    "-e",
    script,
  ];
  const child = spawn(process.execPath, [...flags, JSON.stringify(options)], { stdio: "ignore" });
  const [, signal]: unknown[] = await once(child, "exit");
  expect(signal).toBe("SIGKILL");
}

describe("what the vault erased", () => {
  const secret = "what nobody is to read any longer";
  const holding = (): readonly string[] =>
    segments().filter((name) => {
      const text = gunzipSync(readFileSync(join(to, name))).toString("utf8");
      return [secret, Buffer.from(secret).toString("base64")].some((canary) => text.includes(canary));
    });

  test("is removed from what was kept before it, and the rest verifies, also when that was cut short", async () => {
    const crew = vault.machine.seal(secret);
    const started = await asRoot(vault.machine, sessionOf(crew.content), [crew]);
    await asRoot(vault.machine, { type: "session.end", session: made(started, "session"), outcome: "cancelled" });
    const before = await backed();
    expect(holding()).toHaveLength(1);
    const [first = ""] = segments();
    const erase = { type: "payload.erase", payloads: [crew.content.commitment], reason: "asked for" } as const;
    expect((await asRoot(vault.machine, erase)).outcome).toHaveProperty("events");
    await spawnCounter(vault.machine, "third");
    // A process that was killed between the two halves of the work: what was kept is clean, and nothing is added yet.
    const whole = readFileSync(join(to, first));
    const report = await backed();
    const second = segments()[1] ?? "";
    expect(holding()).toEqual([]);
    const moved = readFileSync(join(to, second));
    rmSync(join(to, second));
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: before.size });
    writeFileSync(join(to, second), moved);
    const verdict = await verifyBackup({ path: to, key: vault.key });
    expect(verdict).toMatchObject({ ok: true, size: report.size, payloads: { absent: 0, erased: 1 } });
    // And the other way round: a disk that brings the old segment back.
    writeFileSync(join(to, first), whole);
    await backed();
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true });
  });

  test("is in no backup that begins afterwards", async () => {
    const crew = vault.machine.seal(secret);
    const started = await asRoot(vault.machine, sessionOf(crew.content), [crew]);
    await asRoot(vault.machine, { type: "session.end", session: made(started, "session"), outcome: "cancelled" });
    await asRoot(vault.machine, { type: "payload.erase", payloads: [crew.content.commitment], reason: "asked for" });
    const { size } = await backed();
    expect(holding()).toEqual([]);
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size, payloads: { erased: 1 } });
  });
});

describe("a disk or a process that gives out", () => {
  test("kill -9 leaves whole segments, and the next run goes on", async () => {
    for (const name of ["third", "fourth"]) {
      await count(vault.machine, await spawnCounter(vault.machine, name));
      await vault.checkpoint();
    }
    await killedBackup();
    const kept = segments().map((name) => readFileSync(join(to, name), "base64"));
    expect(kept).toHaveLength(1);
    await killedBackup();
    expect(segments()).toHaveLength(2);
    const { size } = await backed();
    expect(readFileSync(join(to, segments()[0] ?? ""), "base64")).toBe(kept[0]);
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size });
  });

  test("a full disk leaves the last good backup, and the next run goes on when there is room", async (context) => {
    if (process.getuid?.() !== 0) context.skip("only root can mount a small disk");
    mkdirSync(to);
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=256k", "toka-test", to]);
    try {
      const { size } = await backed();
      const large = vault.machine.seal(randomBytes(1_000_000));
      await asRoot(vault.machine, sessionOf(large.content), [large]);
      await expect(backed()).rejects.toMatchObject({ code: "ENOSPC" });
      expect(readdirSync(to).filter((name) => !name.startsWith("lock"))).toEqual(segments());
      expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size });
      execFileSync("mount", ["-o", "remount,size=8m", to]);
      const report = await backed();
      expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true, size: report.size });
    } finally {
      execFileSync("umount", [to]);
    }
  });
});

describe("a backup is refused", () => {
  test("in the folder of another vault's", async () => {
    await backed();
    const other = newPlace();
    const another = await createAt(other);
    try {
      const head = await another.checkpoint();
      const asked = backUp({ dir: other.vault, to, key: another.key, head, signal: never });
      await expect(asked).rejects.toMatchObject({ code: "backup_of_another" });
    } finally {
      await another.close();
      other.clean();
    }
  });

  test("of a vault that was put back to an earlier copy, and of one that then went another way", async () => {
    const copy = place.copyOf("copy");
    await spawnCounter(vault.machine, "lost");
    await backed();
    await vault.close();
    rmSync(place.vault, { recursive: true });
    cpSync(copy, place.vault, { recursive: true });
    vault = await openAt(place, { knownVaults: null });
    await expect(backed()).rejects.toMatchObject({ code: "vault_rolled_back" });
    for (const name of ["a", "b", "c"]) await spawnCounter(vault.machine, name);
    await expect(backed()).rejects.toMatchObject({
      code: "vault_damaged",
      message: expect.stringContaining("kept before"),
    });
    expect(segments()).toHaveLength(1);
  });

  test("in a folder with something else in it, and beside another backup", async () => {
    writeFileSync(join(place.dir, "mine"), "");
    await expect(backed({ to: place.dir })).rejects.toMatchObject({ code: "backup_not_empty" });
  });

  test("behind a last segment that is not whole, until it is moved away", async () => {
    await backed();
    const [name = ""] = segments();
    const bytes = readFileSync(join(to, name));
    writeFileSync(join(to, name), bytes.subarray(0, bytes.length - 20));
    await spawnCounter(vault.machine, "more");
    await expect(backed()).rejects.toMatchObject({ code: "backup_damaged", message: expect.stringContaining(name) });
    rmSync(join(to, name));
    await backed();
    expect(await verifyBackup({ path: to, key: vault.key })).toMatchObject({ ok: true });
  });
});

describe("a changed backup is found out", () => {
  type Change = (lines: string[]) => readonly string[];
  const lineWith = (lines: readonly string[], text: string): number => lines.findIndex((line) => line.startsWith(text));
  const without =
    (text: string): Change =>
    (lines) =>
      lines.toSpliced(lineWith(lines, text), 1);
  const payloadGone: Change = (lines) => {
    const at = lineWith(lines, '{"payload"');
    const end: { payloads: number } = JSON.parse(lines.at(-1) ?? "") as never;
    return [...lines.toSpliced(at, 2).slice(0, -1), JSON.stringify({ ...end, payloads: end.payloads - 1 })];
  };
  test.each<{ what: string; at?: number; change: Change; says: RegExp }>([
    {
      what: "an entry's text",
      change: (lines) => lines.map((line) => line.replace("count-it", "count-if")),
      says: /entry \d+/u,
    },
    { what: "an entry taken out", change: without('{"entry"'), says: /position|entry/u },
    {
      what: "a payload taken out, and the count with it",
      change: payloadGone,
      says: /is missing, and an entry names it|no entry before it names/u,
    },
    {
      what: "a payload's bytes",
      change: (lines) =>
        lines.map((line) => line.replace(/^\{"part":"(.)/u, (_, c: string) => `{"part":"${c === "A" ? "B" : "A"}`)),
      says: /not those committed to|not base64/u,
    },
    { what: "a checkpoint among the entries taken out", change: without('{"signed"'), says: /follows one of size/u },
    { what: "its end", change: (lines) => lines.slice(0, -1), says: /the file is cut/u },
    {
      what: "the gap of the second segment",
      at: 1,
      change: (lines) => lines.toSpliced(1, 1),
      says: /its gap is missing/u,
    },
    {
      what: "the hashes of that gap",
      at: 1,
      change: (lines) =>
        lines.map((line) =>
          line.startsWith('{"gap"')
            ? line.replace(/"hashes":\["[^"]+"/u, `"hashes":["${Buffer.alloc(32).toString("base64")}"`)
            : line,
        ),
      says: /does not go on where/u,
    },
    {
      what: "an entry that comes twice",
      change: (lines) => lines.toSpliced(lineWith(lines, '{"entry"') + 1, 0, lines[lineWith(lines, '{"entry"')] ?? ""),
      says: /entry/u,
    },
  ])("$what", async ({ at = 0, change, says }) => {
    await spawnCounter(vault.machine, "third");
    await backed();
    await spawnCounter(vault.machine, "fourth");
    await backed();
    const verdict = await verifyBackup({ path: changed(at, change), key: vault.key });
    expect(verdict.ok).toBe(false);
    expect(verdict.firstBad?.reason).toMatch(says);
  });

  test("a segment that is gone, in another's place, or of another name", async () => {
    await backed();
    await spawnCounter(vault.machine, "third");
    await backed();
    const [one = "", two = ""] = segments();
    const copy = changed(0, (lines) => lines);
    rmSync(join(copy, one));
    expect(await verifyBackup({ path: copy, key: vault.key })).toMatchObject({
      ok: false,
      firstBad: { reason: expect.stringContaining("is missing: the next one is") },
    });
    cpSync(join(copy, two), join(copy, one));
    expect(await verifyBackup({ path: copy, key: vault.key })).toMatchObject({
      ok: false,
      firstBad: { reason: expect.stringContaining("other entries than its name says") },
    });
  });
});
