/** The keeper's files follow the log: when they are slower than it, only the newest is written. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openMemoryLog } from "../src/backends/memory/log.ts";
import { openCheckpoint, originOf } from "../src/checkpoint.ts";
import { digestOf } from "../src/digest.ts";
import { replaceFile } from "../src/durable-file.ts";
import { Fold } from "../src/fold.ts";
import { Keeper, type KeeperParts } from "../src/keeper.ts";
import { readKnownVaults } from "../src/known-vaults.ts";
import { checkpointEntriesMax, snapshotEntriesMax } from "../src/limits.ts";
import { generateKey, signerOf } from "../src/note.ts";
import { newPlace, type Place } from "./world.ts";
import { wrapped } from "./wrapped-log.ts";

const vault = `vault-${"0".repeat(32)}`;
let place: Place;
beforeAll(() => {
  place = newPlace();
});
afterAll(() => place.clean());

/** A keeper, a fold to move under it, and the troubles that it told. */
function world(parts: Partial<KeeperParts>): { keeper: Keeper; fold: Fold; troubles: unknown[] } {
  const troubles: unknown[] = [];
  const keeper = new Keeper(
    {
      log: openMemoryLog(),
      signer: signerOf(originOf(vault), generateKey()),
      vault,
      path: place.vault,
      knownVaults: null,
      snapshotPath: join(place.dir, "snapshot"),
      onTrouble: (thrown) => troubles.push(thrown),
      ...parts,
    },
    { checkpoint: 0, snapshot: 0 },
  );
  return { keeper, fold: new Fold(), troubles };
}

function forward(fold: Fold, entries: number): void {
  for (let entry = 0; entry < entries; entry += 1) {
    const position = fold.head.position + 1;
    fold.advance({ position, digest: digestOf(`entry ${position}`), timeMs: position });
  }
}

test("a keeper writes the newest snapshot only when several were taken before the first could be written", async () => {
  // In a folder that is not there each write is a trouble, and so they can be counted.
  const { keeper, fold, troubles } = world({ snapshotPath: join(place.dir, "nowhere", "snapshot") });
  for (let turn = 0; turn < 50; turn += 1) {
    forward(fold, 1);
    await keeper.keep(fold, { snapshot: true });
  }
  await keeper.settled();
  expect(troubles.length).toBeGreaterThanOrEqual(1);
  expect(troubles.length).toBeLessThanOrEqual(2);
});

test("a keeper has known-vaults name the last checkpoint and writes the last snapshot when the log ran ahead", async () => {
  const { keeper, fold, troubles } = world({ knownVaults: place.known });
  for (let turn = 0; turn < 50; turn += 1) {
    forward(fold, 1);
    await keeper.keep(fold, { snapshot: turn % 2 === 0 });
  }
  await keeper.settled();
  expect(troubles).toEqual([]);
  expect((await readKnownVaults(place.known)).map(({ size }) => size)).toEqual([50]);
  expect(existsSync(join(place.dir, "snapshot"))).toBe(true);
});

test("a file is replaced by pieces that are made one after another, each when the one before is written", async () => {
  const path = join(place.dir, "pieces");
  const sizes: number[] = [];
  function* pieces(): Generator<Uint8Array> {
    for (let piece = 0; piece < 3; piece += 1) {
      sizes.push(existsSync(`${path}.next`) ? statSync(`${path}.next`).size : -1);
      yield Buffer.alloc(1000, piece);
    }
  }
  await replaceFile(path, pieces());
  expect(sizes).toEqual([0, 1000, 2000]);
  expect(statSync(path).size).toBe(3000);
});

test("a keeper takes the next snapshot after the one before was written, also when that failed", async () => {
  const { keeper, fold, troubles } = world({ snapshotPath: join(place.dir, "nowhere", "snapshot") });
  const passCheckpoints = async (entries: number): Promise<void> => {
    for (let passed = 0; passed < entries; passed += checkpointEntriesMax) {
      forward(fold, checkpointEntriesMax);
      await keeper.atRest(fold);
    }
  };
  await passCheckpoints(5 * snapshotEntriesMax);
  await keeper.settled();
  // Nothing was written meanwhile, so no second one was taken.
  expect(troubles).toHaveLength(1);
  await passCheckpoints(checkpointEntriesMax);
  await keeper.settled();
  expect(troubles).toHaveLength(2);
});

test("a checkpoint follows the one before it in the log when that one's answer was lost", async () => {
  const log = openMemoryLog();
  const signer = signerOf(originOf(vault), generateKey());
  const lost = { next: true };
  const losing = wrapped(log, {
    putCheckpoint: async (checkpoint) => {
      await log.putCheckpoint(checkpoint);
      if (lost.next) throw new Error("the answer is lost");
    },
  });
  const { keeper, fold } = world({ log: losing, signer });
  forward(fold, 3);
  await expect(keeper.keep(fold, { snapshot: false })).rejects.toThrow("the answer is lost");
  lost.next = false;
  await keeper.keep(fold, { snapshot: false });
  forward(fold, 2);
  await keeper.keep(fold, { snapshot: false });
  const found = await log.checkpoints({ after: 0, limit: 10 });
  expect(found.map(({ note }) => openCheckpoint(note, signer.verifier))).toMatchObject([
    { size: 3, previous: 0 },
    { size: 5, previous: 3 },
  ]);
});
