/** Readers of the log who come back: nothing is lost, nothing that was acknowledged is told again, and nobody waits for them. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type Caller, genesisIds } from "@toka/kernel";
import { localProof } from "@toka/store";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { LogQuery, VaultApi } from "../src/api.ts";
import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { readersFile } from "../src/log-readers.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

let dir: string;
let places: Places;
let composition: Composition;

const open = async (): Promise<Composition> =>
  compose({ places, create: true, clock: Date.now, tools: toolsOf, onNote: () => {}, purpose: "run" });

beforeEach(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-readers-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  composition = await open();
});
afterEach(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

const all: LogQuery = { after: 0, kind: null, agent: null, follow: false };

async function append(count: number): Promise<void> {
  const { machine } = composition.vault;
  const operation = { type: "principal.register", name: "somebody", kind: "person" } as const;
  await Promise.all(Array.from({ length: count }, () => machine.submit(operation, { caller: composition.operator })));
}

/** Takes in so many entries at most, acknowledges all but the last `left` of them, and hangs up. */
async function take(
  api: VaultApi,
  { most = Infinity, left = 0, ...query }: Partial<LogQuery> & { readonly most?: number; readonly left?: number },
): Promise<readonly number[]> {
  const controller = new AbortController();
  const taken: number[] = [];
  for await (const { entry } of api.log({ ...all, reader: "mine", ...query }, { signal: controller.signal })) {
    taken.push(entry.position);
    if (taken.length >= most) break;
  }
  controller.abort();
  const done = taken.slice(0, Math.max(0, taken.length - left));
  const last = done.at(-1);
  if (last !== undefined) await api.acknowledgeLog("mine", last);
  return done;
}

describe("a reader that comes back", () => {
  test("takes every entry in once, however often it hangs up and whatever it left unacknowledged", async () => {
    await append(20);
    const visit = fc.record({
      most: fc.integer({ min: 1, max: 9 }),
      left: fc.integer({ min: 0, max: 2 }),
      add: fc.nat(3),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(visit, { minLength: 1, maxLength: 8 }), async (visits) => {
        const start = (await composition.api.status()).head.position;
        await composition.api.acknowledgeLog("mine", start);
        const seen: number[] = [];
        for (const [turn, { most, left, add }] of visits.entries()) {
          await append(add);
          seen.push(...(await take(turn % 2 === 0 ? composition.api : remoteVault(places.vault), { most, left })));
        }
        seen.push(...(await take(composition.api, {})));
        const { position: head } = (await composition.api.status()).head;
        expect(seen).toEqual(Array.from({ length: head - start }, (_, at) => start + 1 + at));
      }),
      { numRuns: 12 },
    );
  });

  test("goes on in the next process, and by a filter skips what it did not ask for", async () => {
    const first = await take(composition.api, { most: 2 });
    expect(first).toEqual([1, 2]);
    await composition.close();
    composition = await open();
    await append(3);
    const { position: head } = (await composition.api.status()).head;
    expect(await take(remoteVault(places.vault), { kind: "principal" })).toEqual([head - 2, head - 1, head]);
    expect(await take(composition.api, {})).toEqual([]);
  });

  test("never goes back, nor beyond the log", async () => {
    await take(composition.api, {});
    const { position: head } = (await composition.api.status()).head;
    await composition.api.acknowledgeLog("mine", 1);
    expect(await take(composition.api, {})).toEqual([]);
    for (const api of [composition.api, remoteVault(places.vault)])
      await expect(api.acknowledgeLog("mine", head + 1)).rejects.toMatchObject({ code: "position_beyond" });
  });

  test("is another one for every principal, and needs leave to read the log", async () => {
    const { machine } = composition.vault;
    await take(composition.api, {});
    const { outcome } = await machine.submit(
      { type: "principal.register", name: "ann", kind: "person" },
      { caller: composition.operator },
    );
    const [registered] = "events" in outcome ? outcome.events : [];
    if (registered?.type !== "principal.registered") throw new Error("Cannot prepare: nobody was registered");
    const { principal } = registered;
    const given = await machine.submit(
      { type: "grant.issue", holder: principal, permissions: ["vault.read:log"], expiresAtMs: null, depthMax: 1 },
      { caller: composition.operator },
    );
    const [issued] = "events" in given.outcome ? given.outcome.events : [];
    if (issued?.type !== "grant.issued") throw new Error("Cannot prepare: no grant was issued");
    const caller: Caller = { principal, grant: issued.grant, proof: localProof() };
    expect(await take(composition.apiFor(caller), { most: 1 })).toEqual([1]);
    const stranger = composition.apiFor({ ...caller, grant: genesisIds.rootGrant });
    await expect(stranger.acknowledgeLog("mine", 2)).rejects.toMatchObject({ code: "permission_denied" });
    expect(await take(composition.apiFor(caller), { most: 1 })).toEqual([2]);
  });

  test("has a name, of which so many are remembered, in a file that is read with care", async () => {
    await expect(composition.api.acknowledgeLog("../x", 1)).rejects.toMatchObject({ code: "malformed" });
    const file = join(places.vault, readersFile);
    expect(existsSync(file)).toBe(false);
    await composition.api.acknowledgeLog("mine", 1);
    expect(JSON.parse(readFileSync(file, "utf8"))).toMatchObject({ positions: { [`${genesisIds.root}/mine`]: 1 } });
    await composition.close();
    const positions = Object.fromEntries(Array.from({ length: 256 }, (_, at) => [`${genesisIds.root}/r${at}`, 1]));
    writeFileSync(file, JSON.stringify({ format: 1, positions }));
    composition = await open();
    await expect(composition.api.acknowledgeLog("mine", 1)).rejects.toMatchObject({ code: "too_many_readers" });
    await composition.api.acknowledgeLog("r255", 2);
    await composition.close();
    writeFileSync(file, "{");
    composition = await open();
    await expect(take(composition.api, {})).rejects.toMatchObject({ code: "log_readers_malformed" });
  });
});

test("a reader that stops reading holds no writer up, and is told everything when it reads on", async () => {
  const controller = new AbortController();
  const api = remoteVault(places.vault);
  const reading = api
    .log({ ...all, reader: "mine", follow: true }, { signal: controller.signal })
    [Symbol.asyncIterator]();
  const seen: number[] = [(await reading.next()).value?.entry.position ?? 0];
  // More than the socket and the entries that are kept in memory for watchers take together.
  for (let turn = 0; turn < 6; turn += 1) await append(1000);
  const { position: head } = (await composition.api.status()).head;
  while ((seen.at(-1) ?? 0) < head) seen.push((await reading.next()).value?.entry.position ?? Infinity);
  controller.abort();
  expect(seen).toEqual(Array.from({ length: head }, (_, at) => at + 1));
});
