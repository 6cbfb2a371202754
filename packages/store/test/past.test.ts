/** The state as it was after any entry: the same as by replaying from the first, with kept states or without, and never a forged one. */
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { encodeState } from "@toka/kernel";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openReadOnlyLog } from "../src/backends/sqlite/read-only.ts";
import { Fold } from "../src/fold.ts";
import { keepState, keptStates, makingRoom } from "../src/kept-states.ts";
import { lookAtPast, type PastOptions } from "../src/past.ts";
import { replay } from "../src/replay.ts";
import { vaultFiles } from "../src/vault-files.ts";
import type { Vault } from "../src/vault.ts";
import { tamper } from "./tampering.ts";
import { asRoot, count, createAt, live, newPlace, openAt, spawnCounter, type Place } from "./world.ts";

let place: Place;
beforeEach(() => {
  place = newPlace();
});
afterEach(() => place.clean());

const person = (name: string) => ({ type: "principal.register", name, kind: "person" }) as const;

/** Signs a checkpoint of what there is, and keeps the state. */
async function keep(vault: Vault): Promise<number> {
  await vault.checkpoint();
  const { position: size } = await vault.machine.head();
  await keepState(vaultFiles(place.vault), { size, entriesMin: 1 });
  return size;
}

/** A history with states kept on the way, and the vault open in the midst of an unsigned stretch. */
async function history(): Promise<{
  readonly vault: Vault;
  readonly options: PastOptions;
  readonly kept: readonly number[];
}> {
  const vault = await createAt(place);
  const kept: number[] = [];
  await live(vault.machine);
  kept.push(await keep(vault));
  await count(vault.machine, await spawnCounter(vault.machine, "third"));
  kept.push(await keep(vault));
  for (const name of ["a", "b", "c"]) await asRoot(vault.machine, person(name));
  await vault.checkpoint();
  for (const name of ["d", "e", "f"]) await asRoot(vault.machine, person(name));
  const head = await vault.machine.head();
  return { vault, options: { dir: place.vault, key: vault.key, head }, kept };
}

const stateAt = (at: number, options: PastOptions): Promise<string> =>
  lookAtPast(at, { ...options, look: encodeState });

async function byReplay(at: number): Promise<string> {
  const log = openReadOnlyLog(join(place.vault, "log.db"));
  const fold = new Fold();
  await replay(fold, { log, until: at });
  log.close();
  return encodeState(fold.state);
}

describe("the state after an entry", () => {
  test("is that of a replay from the first entry, at every entry, beside the process that writes", async () => {
    const { vault, options, kept } = await history();
    const names = (await keptStates(join(place.vault, "states"))).map(({ size }) => size);
    expect(names).toEqual(kept);
    for (let at = 0; at <= options.head.position; at += 1) expect(await stateAt(at, options)).toBe(await byReplay(at));
    expect(await stateAt(options.head.position, options)).toBe(
      await vault.machine.still(async (fold) => encodeState(fold.state)),
    );
    await vault.close();
  });

  test("is refused with position_beyond when the log is shorter", async () => {
    const { vault, options } = await history();
    const beyond = options.head.position + 1;
    await expect(stateAt(beyond, options)).rejects.toMatchObject({
      code: "position_beyond",
      message: `Cannot read the state after entry ${beyond}: the log ends at entry ${beyond - 1}`,
    });
    await vault.close();
  });

  test("needs no kept state to be read", async () => {
    const { vault, options, kept } = await history();
    const [at = 0] = kept;
    const wanted = await stateAt(at, options);
    // Read from it alone: what stands before it in the log is not looked at.
    tamper(place.vault, (db) => db.exec("UPDATE entries SET bytes = 'x' WHERE position = 3"));
    expect(await stateAt(at, options)).toBe(wanted);
    await expect(stateAt(at - 1, options)).rejects.toMatchObject({ code: "vault_damaged" });
    await vault.close();
  });
});

describe("a kept state that is not what it says", () => {
  const forgeries: readonly (readonly [string, (state: string, other: string) => void])[] = [
    ["is of another moment", (state, other) => copyFileSync(other, state)],
    ["is cut short", (state) => writeFileSync(state, readFileSync(state).subarray(0, -20))],
    ["is empty", (state) => writeFileSync(state, "")],
    [
      "was edited",
      (state) => writeFileSync(state, readFileSync(state, "utf8").replace('"name":"test"', '"name":"mine"')),
    ],
    [
      "names another head",
      (state) => writeFileSync(state, readFileSync(state, "utf8").replace(/"timeMs":\d+/u, '"timeMs":1')),
    ],
    ["has an entity more", (state) => writeFileSync(state, `${readFileSync(state, "utf8")}refusals/x\t{"id":"x"}\n`)],
    [
      "is a folder",
      (state) => {
        renameSync(state, `${state}-gone`);
        mkdirSync(state);
      },
    ],
  ];
  test.each(forgeries)("is passed over when it %s", async (_, forge) => {
    const { vault, options, kept } = await history();
    const [first = 0, second = 0] = kept;
    const folder = join(place.vault, "states");
    const wanted = await byReplay(second);
    forge(join(folder, String(second)), join(folder, String(first)));
    expect(await stateAt(second, options)).toBe(wanted);
    await vault.close();
  });

  test("is passed over when another vault's key signed it", async () => {
    const { vault, options, kept } = await history();
    const [, second = 0] = kept;
    const other = newPlace();
    const stranger = await createAt(other);
    for (let name = 0; stranger.machine && (await stranger.machine.head()).position < second; name += 1)
      await asRoot(stranger.machine, person(`p${name}`));
    await stranger.checkpoint();
    copyFileSync(join(other.vault, "snapshot"), join(place.vault, "states", String(second)));
    expect(await stateAt(second, options)).toBe(await byReplay(second));
    await stranger.close();
    other.clean();
    await vault.close();
  });
});

describe("a log that was changed behind the back of its writer", () => {
  const edit = (position: string) =>
    `UPDATE entries SET bytes = replace(bytes, 'local-uid', 'mtls') WHERE position = ${position}`;
  const changes: readonly (readonly [string, string])[] = [
    [
      "an entry between kept state and moment is edited",
      edit("(SELECT min(size) + 2 FROM checkpoints WHERE size > 2)"),
    ],
    [
      "an entry is missing",
      "DELETE FROM entries WHERE position = (SELECT min(size) + 2 FROM checkpoints WHERE size > 2)",
    ],
    ["an entry between moment and next signed head is edited", edit("(SELECT max(size) FROM checkpoints)")],
    [
      "the next signed head is forged",
      "UPDATE checkpoints SET note = replace(note, 'state', 'State') WHERE size = (SELECT max(size) FROM checkpoints)",
    ],
  ];
  test.each(changes)("tells nothing of the past when %s", async (_, sql) => {
    const { vault, options, kept } = await history();
    const [, second = 0] = kept;
    // The later kept state does not help: it is the earlier one and what follows it that is asked for.
    tamper(place.vault, (db) => db.exec(sql));
    const at = sql.includes("max(size)") ? second + 1 : second - 1;
    await expect(stateAt(at, options)).rejects.toMatchObject({ code: "vault_damaged" });
    await vault.close();
  });

  test("tells nothing of the past when its last entries were made anew", async () => {
    const { vault, options } = await history();
    const at = options.head.position - 1;
    await expect(
      stateAt(at, { ...options, head: { ...options.head, digest: `sha256:${"A".repeat(43)}` } }),
    ).rejects.toMatchObject({
      code: "vault_damaged",
      message: expect.stringContaining(`entry ${options.head.position} is not the one that it was`),
    });
    await vault.close();
  });
});

describe("keeping states", () => {
  test("writes nothing: a kept state is the snapshot under another name, and stays when the next one is written", async () => {
    const { vault, kept } = await history();
    const [, second = 0] = kept;
    await keep(vault);
    const folder = join(place.vault, "states");
    expect(statSync(join(place.vault, "snapshot")).nlink).toBe(2);
    expect(readFileSync(join(folder, String(second)), "utf8")).toContain(`"position":${second}`);
    await vault.close();
    const again = await openAt(place);
    await again.close();
    expect(existsSync(join(folder, String(second)))).toBe(true);
  });

  test("lets go of states that lie beyond the log, which was put back to an earlier copy", async () => {
    const { vault, kept } = await history();
    const [first = 0, second = 0] = kept;
    await keepState(vaultFiles(place.vault), { size: first + 1, entriesMin: 100 });
    expect((await keptStates(join(place.vault, "states"))).map(({ size }) => size)).toEqual([first]);
    expect(second).toBeGreaterThan(first + 1);
    await vault.close();
  });

  test("takes at most the room there is, always has room for the newest, and thins out evenly", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(sizes, fc.integer({ min: 50, max: 400 }), (bytes, bytesMax) => {
        let kept: { size: number; bytes: number }[] = [];
        for (const [at, one] of bytes.entries()) {
          const next = { size: (at + 1) * 10, bytes: one };
          const gone = makingRoom(kept, { ...next, bytesMax }) ?? [];
          kept = [...kept.filter(({ size }) => !gone.includes(size)), next];
          expect(kept.reduce((sum, { bytes: of }) => sum + of, 0)).toBeLessThanOrEqual(bytesMax);
        }
      }),
    );
    let kept: { size: number; bytes: number }[] = [];
    for (let size = 1; size <= 100; size += 1) {
      const gone = makingRoom(kept, { size, bytes: 1, bytesMax: 10 }) ?? [];
      kept = [...kept.filter((one) => !gone.includes(one.size)), { size, bytes: 1 }];
    }
    const gaps = kept.map(({ size }, at) => size - (kept[at - 1]?.size ?? 0));
    expect(kept).toHaveLength(10);
    // A hundredth of the log would be ten: no stretch is much longer than twice that.
    expect(Math.max(...gaps)).toBeLessThanOrEqual(25);
  });

  test("keeps nothing when a state takes more than all may take", () => {
    expect(makingRoom([{ size: 1, bytes: 3 }], { size: 2, bytes: 11, bytesMax: 10 })).toBeUndefined();
  });
});
