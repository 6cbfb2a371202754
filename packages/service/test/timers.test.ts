/** Keeping timers: a real vault, and a clock that only the test moves. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { type AgentId, type Caller, genesisIds, type KernelEvent, type Operation } from "@toka/kernel";
import { createVault, localProof, openVault, type Vault } from "@toka/store";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import { keepTimers } from "../src/timers.ts";
import { HandClock, startMs } from "./hand-clock.ts";

const operator: Caller = { principal: genesisIds.root, grant: genesisIds.rootGrant, proof: localProof() };

let dir: string;
let clock: HandClock;
let vault: Vault;
let notes: string[];
let stop: AbortController;
let kept: Promise<void>;

function keep(): void {
  stop = new AbortController();
  const onNote = (line: string): void => void notes.push(line);
  kept = keepTimers({ machine: vault.machine, host: vault.host, clock, signal: stop.signal, onNote });
}

async function down(): Promise<void> {
  stop.abort();
  await kept;
  await vault.close();
}

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "toka-timers-"));
  clock = new HandClock();
  notes = [];
  const genesis = { name: "test", host: "host", root: "operator", allotment: { toolCalls: 10 }, held: false };
  vault = await createVault(genesis, {
    dir: join(dir, "vault"),
    knownVaults: join(dir, "known-vaults"),
    clock: () => clock.nowMs(),
  });
  keep();
});
afterEach(async () => {
  await down();
  rmSync(dir, { recursive: true, force: true });
});

async function must(operation: Operation, payload?: string): Promise<readonly KernelEvent[]> {
  const payloads = payload === undefined ? [] : [vault.machine.seal(payload)];
  const [draft] = payloads;
  const asked = draft === undefined ? operation : { ...operation, content: draft.content };
  const { outcome } = await vault.machine.submit(asked as Operation, { caller: operator, payloads });
  if ("refusal" in outcome) throw new Error(`Cannot go on: ${JSON.stringify(outcome.refusal)}`);
  return outcome.events;
}

async function spawn(): Promise<AgentId> {
  const source = vault.machine.seal("source");
  const part = {
    name: "sleeper",
    version: "1",
    permissions: [],
    allotment: {},
    tools: [],
    lifecycle: { initial: "idle", states: ["idle"], transitions: [] },
    limits: { openTasksMax: 1, openEffectsMax: 1 },
    tasks: [],
    objectives: [],
  };
  const register: Operation = { type: "definition.register", part, source: source.content };
  const { outcome } = await vault.machine.submit(register, { caller: operator, payloads: [source] });
  const registered =
    "events" in outcome ? outcome.events.find((event) => event.type === "definition.registered") : null;
  if (!registered) throw new Error("Cannot go on: the definition was refused");
  const [spawned] = await must({
    type: "agent.spawn",
    name: "sleeper",
    definition: registered.definition,
    parent: null,
    session: null,
    permissions: [],
    expiresAtMs: null,
    allotment: {},
    budget: genesisIds.rootBudget,
  });
  if (spawned?.type !== "agent.spawned") throw new Error("Cannot go on: nothing was spawned");
  return spawned.agent;
}

type Schedule = Extract<Operation, { type: "timer.set" }>["schedule"];

async function set(agent: AgentId, schedule: Schedule): Promise<void> {
  const content = { commitment: "", size: 0 };
  await must({ type: "timer.set", agent, schedule, content }, "wake up");
}

/** Waits until the log has a number of firings. */
async function firings(count: number): Promise<readonly { readonly dueMs: number; readonly again: number }[]> {
  const found: { dueMs: number; again: number }[] = [];
  const enough = new AbortController();
  for await (const { entry } of vault.machine.watch(0, { signal: enough.signal })) {
    for (const event of "events" in entry.outcome ? entry.outcome.events : []) {
      if (event.type === "timer.fired") found.push({ dueMs: event.dueMs - startMs, again: event.again });
    }
    if (found.length >= count) enough.abort();
  }
  return found;
}

describe("keeping timers", () => {
  test("fires each at its moment, and asks for no tick when none is due", async () => {
    const agent = await spawn();
    await set(agent, { type: "interval", everyMs: 10_000, fromMs: startMs + 10_000 });
    await clock.waitedFor(10_000);
    clock.pass(9_999);
    await set(agent, { type: "once", atMs: startMs + 60_000 });
    clock.pass(1);
    await firings(1);
    await clock.waitedFor(20_000);
    clock.pass(10_000);
    expect(await firings(2)).toEqual([
      { dueMs: 10_000, again: 0 },
      { dueMs: 20_000, again: 0 },
    ]);
    const refused = await vault.machine.find({ kind: "clock.tick" }, { after: 0, limit: 100 });
    expect(refused.filter(({ entry }) => "refusal" in entry.outcome)).toEqual([]);
    expect(notes).toEqual([]);
  });

  test("wakes for a timer that is set to fire before the one that it waits for", async () => {
    const agent = await spawn();
    await set(agent, { type: "once", atMs: startMs + 60_000 });
    await clock.waitedFor(60_000);
    await set(agent, { type: "once", atMs: startMs + 5_000 });
    await clock.waitedFor(5_000);
    clock.pass(5_000);
    expect(await firings(1)).toEqual([{ dueMs: 5_000, again: 0 }]);
  });

  test("fires more timers than one tick takes", async () => {
    for (let agents = 0; agents < 5; agents += 1) {
      const agent = await spawn();
      for (let timers = 0; timers < 16; timers += 1) await set(agent, { type: "once", atMs: startMs + 1_000 });
    }
    await clock.waitedFor(1_000);
    clock.pass(1_000);
    expect(await firings(80)).toHaveLength(80);
  });

  test("after a restart fires what came due meanwhile, once, and counts the rest", async () => {
    const agent = await spawn();
    await set(agent, { type: "interval", everyMs: 1_000, fromMs: startMs + 1_000 });
    await down();
    clock.pass(5_500);
    vault = await openVault({
      dir: join(dir, "vault"),
      knownVaults: join(dir, "known-vaults"),
      clock: () => clock.nowMs(),
    });
    keep();
    expect(await firings(1)).toEqual([{ dueMs: 1_000, again: 4 }]);
    await clock.waitedFor(6_000);
  });

  test("tells of a tick that is refused, and tries again later", async () => {
    const agent = await spawn();
    await set(agent, { type: "once", atMs: startMs + 1_000 });
    await clock.waitedFor(1_000);
    clock.pass(90_000_000);
    await clock.waitedFor(90_001_000);
    expect(notes).toEqual([expect.stringContaining("clock_jump")]);
    const { outcome } = await vault.machine.submit(
      { type: "clock.accept", timeMs: clock.nowMs() },
      { caller: operator },
    );
    expect(outcome).toHaveProperty("events");
    clock.pass(1_000);
    expect(await firings(1)).toEqual([{ dueMs: 1_000, again: 0 }]);
  });
});
