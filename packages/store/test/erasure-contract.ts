/** What every log promises of erasing: bytes that are gone from whatever it keeps, at once, and stay gone. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { commitmentOf } from "../src/contents.ts";
import type { Log, LogRow, PayloadReference, PayloadRow } from "../src/log.ts";

/** A log under test: how it is opened again, and its folder where it has one. */
export interface ErasingBackend {
  readonly log: () => Log;
  readonly reopen: (() => Promise<void>) | undefined;
  readonly dir: (() => string) | undefined;
  readonly rowAt: (position: number) => LogRow;
}

/** A payload whose bytes are unlike any other's. */
function canary(name: string, times = 1): PayloadRow {
  const bytes = Buffer.from(`canary-${name}-`.repeat(times));
  const salt = Buffer.from(name.padStart(16, "~")).subarray(0, 16);
  return { commitment: commitmentOf({ salt, bytes }), size: bytes.length, salt, bytes, children: [] };
}

const brings = (stored: PayloadRow): PayloadReference => ({ commitment: stored.commitment, stored });
const names = ({ commitment }: PayloadRow): PayloadReference => ({ commitment });

/** Whatever lies in a folder, in one piece. */
function bytesIn(dir: string): Buffer {
  return Buffer.concat(
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((found) => found.isFile())
      .map((found) => readFileSync(join(found.parentPath, found.name))),
  );
}

/** What is looked at after every erasure. */
interface Checks {
  isGone(gone: readonly PayloadRow[], by: number): Promise<void>;
  isThere(stays: readonly PayloadRow[]): Promise<void>;
}

function checksOn({ log, dir }: ErasingBackend): Checks {
  return {
    // None of it is in any file, and the log says by which entry it went.
    isGone: async (gone, by) => {
      expect(await log().scrub()).toBe(true);
      for (const { commitment } of gone) {
        expect(await log().payload(commitment)).toBeUndefined();
        expect(await log().erasedAt(commitment)).toBe(by);
      }
      expect(await log().payloadSizes(gone.map(({ commitment }) => commitment))).toEqual(new Map());
      if (dir === undefined) return;
      const bytes = bytesIn(dir());
      const found = gone.filter(
        (one) => bytes.includes(Buffer.from(one.bytes)) || bytes.includes(Buffer.from(one.salt)),
      );
      expect(found.map((one) => Buffer.from(one.salt).toString())).toEqual([]);
    },
    isThere: async (stays) => {
      for (const { commitment, bytes } of stays) {
        const found = await log().payload(commitment);
        expect(Buffer.from(found?.bytes ?? [])).toEqual(bytes);
        expect(await log().erasedAt(commitment)).toBeUndefined();
      }
    },
  };
}

/** Defines the tests for one backend. */
export function erasing(backend: ErasingBackend): void {
  const { log, rowAt, reopen } = backend;
  const { isGone, isThere } = checksOn(backend);

  test("what an append erases is gone when it has resolved, and everything else stays", async () => {
    const all = [canary("first"), canary("second", 900), canary("third", 3), canary("fourth", 40_000)];
    const [first, second, third, fourth] = all as [PayloadRow, PayloadRow, PayloadRow, PayloadRow];
    await log().append(0, { rows: [rowAt(1)], payloads: [first, second, third].map(brings) });
    await log().append(1, { rows: [rowAt(2)], payloads: [brings(fourth), names(first)] });
    const erased = [first, fourth].map(({ commitment }) => ({ commitment, by: 3 }));
    await log().append(2, { rows: [rowAt(3)], payloads: [], erased });
    await isGone([first, fourth], 3);
    await isThere([second, third]);
    await log().append(3, { rows: [rowAt(4)], payloads: [names(second)] });
    await isThere([second, third]);
    if (reopen === undefined) return;
    await reopen();
    await isGone([first, fourth], 3);
    await isThere([second, third]);
    expect((await log().head()).position).toBe(4);
  });

  test("what comes and goes in one append is gone, and what was erased comes back by no other", async () => {
    const one = canary("only");
    const erased = [{ commitment: one.commitment, by: 1 }];
    await log().append(0, { rows: [rowAt(1)], payloads: [brings(one)], erased });
    await isGone([one], 1);
    for (const payloads of [[brings(one)], [names(one)]])
      await expect(log().append(1, { rows: [rowAt(2)], payloads })).rejects.toMatchObject({ code: "payload_erased" });
    expect((await log().head()).position).toBe(1);
    await isGone([one], 1);
  });

  test("append writes nothing when it erases what is not there", async () => {
    const erased = [{ commitment: canary("unknown").commitment, by: 1 }];
    const other = canary("other");
    const batch = { rows: [rowAt(1)], payloads: [brings(other)], erased };
    await expect(log().append(0, batch)).rejects.toMatchObject({ code: "payload_missing" });
    expect((await log().head()).position).toBe(0);
    expect(await log().payload(other.commitment)).toBeUndefined();
  });

  manyErased(backend);
}

function manyErased(backend: ErasingBackend): void {
  const { log, rowAt, reopen } = backend;
  const { isGone, isThere } = checksOn(backend);

  test("of many that were named again and again, those erased are gone and no other", async () => {
    const many = Array.from({ length: 300 }, (_, at) => canary(`many-${at}`, 1 + ((at * 7) % 60)));
    let position = 0;
    const append = async (payloads: readonly PayloadReference[]): Promise<void> => {
      await log().append(position, { rows: [rowAt(position + 1)], payloads });
      position += 1;
    };
    for (let at = 0; at < many.length; at += 20) await append(many.slice(at, at + 20).map(brings));
    // A count that takes another byte makes its row longer, and rows move.
    for (const times of [1, 1, 130])
      for (let at = 0; at < many.length; at += 50)
        await append(
          many
            .slice(at, at + 50)
            .filter((_, index) => index % 3 === 0)
            .flatMap((one) => Array.from({ length: times }, () => names(one))),
        );
    const gone = many.filter((_, at) => at % 2 === 0);
    const by = position + 1;
    const erased = gone.map(({ commitment }) => ({ commitment, by }));
    await log().append(position, { rows: [rowAt(by)], payloads: [], erased });
    await isGone(gone, by);
    await isThere(many.filter((_, at) => at % 2 === 1));
    if (reopen === undefined) return;
    await reopen();
    await isGone(gone, by);
    await isThere(many.filter((_, at) => at % 2 === 1));
  });
}
