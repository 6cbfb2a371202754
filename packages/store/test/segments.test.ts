/** What only the log in segment files promises: where a write that nobody was told of ends, and where damage begins. */
import { mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Disk, DiskFile } from "../src/backends/segments/disk.ts";
import { createSegmentLog, openSegmentLog, type SegmentLogOptions } from "../src/backends/segments/log.ts";
import { nodeDisk } from "../src/backends/segments/node-disk.ts";
import { digestOf } from "../src/digest.ts";
import type { Log } from "../src/log.ts";
import { rowAt, rows } from "./log-contract.ts";

let dir = "";
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "toka-segments-"));
  await createSegmentLog(nodeDisk(dir));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const first = "segment-00000001";
const bytesOf = (name = first): Buffer => readFileSync(join(dir, name));
const put = (bytes: Uint8Array, name = first): void => writeFileSync(join(dir, name), bytes);
const opened = (options?: SegmentLogOptions): Promise<Log> => openSegmentLog(nodeDisk(dir), options);

/** Appends as a process that is then killed: nothing is closed. Gives the length of the file behind each append. */
async function killed(appends: number, options?: SegmentLogOptions): Promise<readonly number[]> {
  const files: DiskFile[] = [];
  const disk = nodeDisk(dir);
  const open = async (name: string): Promise<DiskFile> => {
    const file = await disk.open(name);
    files.push(file);
    return file;
  };
  const log = await openSegmentLog({ ...disk, open }, options);
  const ends: number[] = [];
  for (let at = 0; at < appends; at += 1) {
    await log.append(2 * at, rows(2 * at + 1, 2 * at + 2));
    ends.push(bytesOf().length);
  }
  for (const file of files) await file.close();
  return ends;
}

async function positionsIn(): Promise<number> {
  const log = await opened();
  try {
    const { position } = await log.head();
    expect(await log.read({ after: 0, limit: 100 })).toEqual(rows(1, position).rows);
    return position;
  } finally {
    await log.close();
  }
}

describe("segments", () => {
  test("the last append is there whole or not at all when the file ends at any byte of it", async () => {
    const [, second = 0, third = 0] = await killed(3);
    const whole = bytesOf();
    for (let length = third; length >= second; length -= 3) {
      put(whole.subarray(0, length));
      expect([length, await positionsIn()]).toEqual([length, length === third ? 6 : 4]);
    }
  });

  test("the log goes on behind a torn append, and what was torn never comes back", async () => {
    const [, , third = 0] = await killed(3);
    put(bytesOf().subarray(0, third - 7));
    const log = await opened();
    const other = { rows: [rowAt(5, { principal: "another" })], payloads: [] };
    await log.append(4, other);
    await log.close();
    const again = await opened();
    expect(await again.read({ after: 4, limit: 10 })).toEqual(other.rows);
    await again.close();
  });

  test.each([
    ["zeros", (length: number) => Buffer.alloc(length)],
    ["what was on the disk before", (length: number) => Buffer.alloc(length, "stale bytes of another file")],
  ])("sectors of the last append that hold %s end the log before it", async (_, filler) => {
    const [, second = 0, third = 0] = await killed(3);
    const whole = bytesOf();
    for (let from = second; from < third; from += 16) {
      put(Buffer.concat([whole.subarray(0, from), filler(16), whole.subarray(from + 16)]).subarray(0, third));
      expect([from, await positionsIn()]).toEqual([from, 4]);
    }
  });

  test("opening fails with vault_damaged when any byte before the last append is another", async () => {
    const [, second = 0] = await killed(3);
    const whole = bytesOf();
    for (let at = 0; at < second; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      put(bytes);
      await expect(opened(), `byte ${at}`).rejects.toMatchObject({ code: "vault_damaged", retry: "never" });
    }
  });

  test("opening fails with vault_damaged when a byte of the last append is another and the log was closed", async () => {
    const [, second = 0, third = 0] = await killed(3);
    await (await opened()).close();
    const whole = bytesOf();
    for (let at = second; at < third; at += 1) {
      const bytes = Buffer.from(whole);
      bytes[at] = (bytes[at] ?? 0) ^ 0x10;
      put(bytes);
      await expect(opened(), `byte ${at}`).rejects.toMatchObject({ code: "vault_damaged" });
    }
  });

  test("opening fails with vault_damaged when a frame between is missing or in another's place", async () => {
    const [one = 0, two = 0, three = 0] = await killed(3);
    const whole = bytesOf();
    const [head, second, third] = [whole.subarray(0, one), whole.subarray(one, two), whole.subarray(two, three)];
    for (const wrong of [
      [head, third],
      [head, third, second],
      [head, second, second, third],
    ]) {
      put(Buffer.concat(wrong));
      await expect(opened()).rejects.toMatchObject({ code: "vault_damaged" });
    }
  });

  test("opening fails with vault_damaged when a segment is missing, is another's, or is not whole behind others", async () => {
    await killed(4, { segmentBytes: 300 });
    expect(readdirSync(dir).length).toBeGreaterThan(2);
    const [name, next] = [first, "segment-00000002"];
    const [one, two] = [bytesOf(name), bytesOf(next)];
    const damages: readonly (() => void)[] = [
      () => rmSync(join(dir, next)),
      () => put(two, name),
      () => put(one, next),
      () => put(one.subarray(0, one.length - 1), name),
    ];
    for (const damage of damages) {
      damage();
      await expect(opened()).rejects.toMatchObject({ code: "vault_damaged" });
      put(one, name);
      put(two, next);
    }
    expect(await positionsIn()).toBe(8);
  });

  test("a content that holds a whole frame of this very segment is no frame when its own append is torn", async () => {
    const log = await opened();
    await log.append(0, rows(1, 2));
    const frame = bytesOf().subarray(44);
    const before = bytesOf().length;
    // Whoever writes contents cannot read the file; but the log is copied, and comes back as somebody's content.
    const stored = {
      commitment: digestOf("copy"),
      size: frame.length,
      salt: new Uint8Array(16),
      bytes: frame,
      children: [],
    };
    await log.append(2, { rows: [rowAt(3)], payloads: [{ commitment: stored.commitment, stored }] });
    const whole = bytesOf();
    const again = await opened();
    await again.close();
    // Written anew at each opening, under another nonce: the copy is none of the new file's.
    const renewed = bytesOf();
    expect(renewed.subarray(24, 40)).not.toEqual(whole.subarray(24, 40));
    put(
      Buffer.concat([renewed.subarray(0, before), Buffer.alloc(10), renewed.subarray(before + 10, whole.length - 1)]),
    );
    expect(await positionsIn()).toBe(2);
    await log.close();
  });

  test("files belong to their owner alone, and what was never finished is removed", async () => {
    put(Buffer.from("half a segment"), "segment-00000002.new");
    expect(await positionsIn()).toBe(0);
    expect(readdirSync(dir)).toEqual([first]);
    expect(statSync(join(dir, first)).mode & 0o777).toBe(0o600);
  });

  test("creating and opening refuse a folder that has a log, and one that has none", async () => {
    await expect(createSegmentLog(nodeDisk(dir))).rejects.toMatchObject({ code: "vault_exists" });
    renameSync(join(dir, first), join(dir, "elsewhere"));
    await expect(opened()).rejects.toMatchObject({ code: "vault_absent" });
  });

  test("a page is read again from the disk, and a byte that is another there is noticed", async () => {
    const log = await opened();
    await log.append(0, rows(1, 2));
    await log.append(2, rows(3, 4));
    const bytes = bytesOf();
    bytes[bytes.length - 3] = (bytes.at(-3) ?? 0) ^ 1;
    put(bytes);
    expect(await log.read({ after: 0, limit: 2 })).toEqual(rows(1, 2).rows);
    await expect(log.read({ after: 2, limit: 2 })).rejects.toMatchObject({ code: "vault_damaged" });
    await log.close();
  });
});

describe("segments on a disk that fails", () => {
  /** This machine's disk, but for what is told to fail next. */
  function failing(): { readonly disk: Disk; readonly fail: Set<string> } {
    const disk = nodeDisk(dir);
    const fail = new Set<string>();
    const meet = (what: string): void => {
      if (fail.delete(what)) throw new Error(`${what} failed`);
    };
    const wrap = (file: DiskFile): DiskFile => ({
      append: async (bytes) => {
        if (fail.has("append")) await file.append(bytes.subarray(0, bytes.length - 1));
        meet("append");
        await file.append(bytes);
      },
      truncate: async (size) => {
        meet("truncate");
        await file.truncate(size);
      },
      sync: async () => {
        meet("sync");
        await file.sync();
      },
      close: () => file.close(),
    });
    return { disk: { ...disk, open: async (name) => wrap(await disk.open(name)) }, fail };
  }

  test("an append that is cut off leaves the log as it was, and the next one succeeds", async () => {
    const { disk, fail } = failing();
    const log = await openSegmentLog(disk);
    await log.append(0, rows(1, 2));
    fail.add("append");
    const tried = await Promise.allSettled([log.append(2, rows(3, 4)), log.append(4, rows(5, 6))]);
    expect(tried.map((one) => one.status === "rejected" && (one.reason as { code: string }).code)).toEqual([
      "log_unavailable",
      "log_unavailable",
    ]);
    expect((await log.head()).position).toBe(2);
    await log.append(2, rows(3, 4));
    await log.close();
    expect(await positionsIn()).toBe(4);
  });

  test.each([["sync"], ["append", "truncate"], ["append", "sync"]])(
    "the log is read anew and written anew when %s and %s fail",
    async (...what) => {
      const { disk, fail } = failing();
      const log = await openSegmentLog(disk);
      await log.append(0, rows(1, 2));
      const inode = statSync(join(dir, first)).ino;
      for (const one of what) fail.add(one);
      await expect(log.append(2, rows(3, 4))).rejects.toMatchObject({ code: "log_unavailable", retry: "later" });
      const { position } = await log.head();
      expect([2, 4]).toContain(position);
      expect(statSync(join(dir, first)).ino).not.toBe(inode);
      await log.append(position, rows(position + 1, position + 1));
      await log.close();
      expect(await positionsIn()).toBe(position + 1);
    },
  );
});
