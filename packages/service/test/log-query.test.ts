/** Questions about the log: by agent, session, operation, cause and time, page by page, directly and over the socket. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { RecordedEntry } from "@toka/kernel";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import type { LogQuery, VaultApi } from "../src/api.ts";
import { remoteVault } from "../src/client/vault-client.ts";
import { compose, type Composition } from "../src/compose.ts";
import { findPlaces, type Places } from "../src/places.ts";
import { toolsOf } from "../src/session-tools.ts";

let dir: string;
let places: Places;
let composition: Composition;
let entries: readonly RecordedEntry[];
/** Positions of a chain: each led to the next, and the first also to the last. */
let chain: readonly [number, number, number, number];

const never = new AbortController().signal;

async function named(name: string, causes: readonly number[]): Promise<number> {
  const { machine } = composition.vault;
  const operation = { type: "principal.register", name, kind: "person" } as const;
  const { position } = await machine.submit(operation, { caller: composition.operator, causes });
  return position ?? 0;
}

beforeAll(async () => {
  dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-query-")));
  mkdirSync(join(dir, "workspace"));
  places = findPlaces({ workspace: join(dir, "workspace"), env: { TOKA_HOME: join(dir, "home") } });
  let now = Date.now();
  const clock = (): number => (now += 10);
  composition = await compose({ places, create: true, clock, tools: toolsOf, onNote: () => {}, purpose: "run" });
  const first = await named("a", []);
  const second = await named("b", [first]);
  const third = await named("c", [second]);
  chain = [first, second, third, await named("d", [first, third])];
  await named("e", []);
  entries = await composition.vault.machine.read(0, { limit: 1000 });
});
afterAll(async () => {
  await composition.close();
  rmSync(dir, { recursive: true, force: true });
});

const all: LogQuery = { after: 0, kind: null, agent: null, follow: false };

async function asked(api: VaultApi, query: Partial<LogQuery>): Promise<readonly number[]> {
  const found: number[] = [];
  for await (const { entry } of api.log({ ...all, ...query }, { signal: never })) found.push(entry.position);
  return found;
}

const both = (): readonly VaultApi[] => [composition.api, remoteVault(places.vault)];

describe("the log", () => {
  test("is told as far as it is asked for: by operation, area, time and number", async () => {
    const registered = entries.filter(({ entry }) => entry.operation.type === "principal.register");
    const at = registered.map(({ entry }) => entry.position);
    const [, second, , fourth] = registered.map(({ entry }) => entry.stamp.timeMs);
    if (second === undefined || fourth === undefined) throw new Error("Cannot test: there are no entries");
    // Two entries may share a millisecond.
    const between = registered
      .filter(({ entry: { stamp } }) => stamp.timeMs >= second && stamp.timeMs < fourth)
      .map(({ entry }) => entry.position);
    for (const api of both()) {
      expect(await asked(api, {})).toEqual(entries.map(({ entry }) => entry.position));
      expect(await asked(api, { kind: "principal.register" })).toEqual(at);
      expect(await asked(api, { kind: "principal" })).toEqual(at);
      expect(await asked(api, { kind: "principal.*", limit: 2 })).toEqual(at.slice(0, 2));
      expect(await asked(api, { kind: "principal", after: at[1] ?? 0, limit: 2 })).toEqual(at.slice(2, 4));
      expect(await asked(api, { kind: "principal", sinceMs: second, untilMs: fourth })).toEqual(between);
      expect(await asked(api, { sinceMs: fourth + 1_000_000 })).toEqual([]);
      expect(await asked(api, { agent: "nobody" })).toEqual([]);
      expect(await asked(api, { session: "session-1-0" })).toEqual([]);
    }
  });

  test("tells what led to an entry and what came of it, each once, the oldest first", async () => {
    const [first, second, third, fourth] = chain;
    for (const api of both()) {
      expect(await asked(api, { causesOf: fourth })).toEqual([first, second, third, fourth]);
      expect(await asked(api, { causesOf: second })).toEqual([first, second]);
      expect(await asked(api, { causedBy: first })).toEqual([first, second, third, fourth]);
      expect(await asked(api, { causedBy: third, after: third })).toEqual([fourth]);
      expect(await asked(api, { causedBy: fourth })).toEqual([fourth]);
      await expect(asked(api, { causesOf: 1_000_000 })).rejects.toMatchObject({ code: "no_such_entry" });
    }
  });

  test("is not told when what is asked for contradicts itself", async () => {
    for (const api of both())
      for (const query of [
        { causesOf: 1, causedBy: 1 },
        { causesOf: 1, kind: "task" },
        { causedBy: 1, agent: "a" },
      ])
        await expect(asked(api, query)).rejects.toMatchObject({ code: "malformed" });
  });

  test("goes on with what comes and passes, after what was there", async () => {
    const [remote] = both().slice(1);
    if (remote === undefined) throw new Error("Cannot test: there is no other way to ask");
    const controller = new AbortController();
    const seen: number[] = [];
    const { position: head } = (await composition.api.status()).head;
    const query: LogQuery = { ...all, kind: "principal", follow: true };
    for await (const { entry } of remote.log(query, { signal: controller.signal })) {
      seen.push(entry.position);
      if (seen.length === 5) {
        await composition.api.operate({
          operation: { type: "lease.take", resource: "x", forMs: 60_000 },
          contents: {},
        });
        await named("f", []);
      }
      if (entry.position > head) break;
    }
    controller.abort();
    expect(seen).toEqual([...(await asked(composition.api, { kind: "principal" }))]);
  });
});
