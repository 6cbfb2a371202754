/** Replay flags: what was decided before one is decided so for ever, and otherwise where it is on. */
import { describe, expect, test } from "vitest";
import { applyEntry, decideWith, decodeEntry, emptyState, encodeEntry, encodeState } from "../src/index.ts";
import { flagNumbers, flagsOf, newestFlag, replayFlags } from "../src/flags.ts";
import { inhabited } from "./furnished.ts";
import { takeOf } from "./refusals/lease.ts";
import { tally } from "./tally.ts";
import { genesis, host, one, outcomeOf, World } from "./world.ts";

const { flags: _newest, ...before } = genesis;

/** A vault as one of before began: nothing in its first entry speaks of flags. */
function older(): World {
  const world = new World();
  world.must(before as typeof genesis, host);
  return world;
}

/** Decides a log again, from its bytes alone. */
function again(bytes: readonly string[]): string {
  const state = emptyState();
  for (const text of bytes) {
    const entry = decodeEntry(text);
    const outcome = outcomeOf(decideWith(state, entry.operation, { stamp: entry.stamp, families: tally }));
    expect(encodeEntry({ ...entry, outcome })).toBe(text);
    applyEntry(state, entry);
  }
  return encodeState(state);
}

test("flags are numbered in a row, and each has its story", () => {
  expect(replayFlags.map(({ number }) => number)).toEqual(replayFlags.map((_, index) => index + 1));
  expect(Object.values(flagNumbers)).toEqual(replayFlags.map(({ number }) => number));
  for (const { story } of replayFlags) expect(story.length).toBeGreaterThan(80);
});

describe("a vault", () => {
  test("has no flag on when its first entry says nothing, and its row does not speak of them", () => {
    const world = older();
    expect(flagsOf(world.state)).toBe(0);
    expect(world.state.vault).not.toHaveProperty("flags");
  });

  test("begins with what its first entry says", () => {
    expect(flagsOf(World.open().state)).toBe(newestFlag);
  });

  test("gets flags turned on by an administrator, and never off", () => {
    const world = older();
    world.must({ type: "vault.configure", schema: 2, limits: {}, flags: newestFlag });
    expect(flagsOf(world.state)).toBe(newestFlag);
    world.must({ type: "vault.configure", limits: { toolsMax: 3 } });
    expect(flagsOf(world.state)).toBe(newestFlag);
    expect(again(world.bytes)).toBe(encodeState(world.state));
  });

  test("refuses flags that nobody knows yet", () => {
    const ask = { type: "vault.configure", schema: 2, limits: {}, flags: newestFlag + 1 };
    expect(() => older().must(ask)).toThrow(`found ${newestFlag + 1}, wanted at most ${newestFlag}`);
  });
});

describe("flag 1: a suspended agent", () => {
  const renewing = (flags: number): { readonly world: World; readonly outcome: string } => {
    const { world } = inhabited(flags === 0 ? { flags: undefined } : { flags });
    const by = world.spawn({ permissions: ["lease.take:*"] });
    const { epoch } = one(world.must(takeOf(), by), "lease.taken");
    world.must({ type: "agent.suspend", agent: by.agent, reason: "other" });
    const asked = world.ask({ type: "lease.renew", resource: "deploy", epoch, forMs: 1_000 }, by);
    expect(again(world.bytes)).toBe(encodeState(world.state));
    return { world, outcome: "refusal" in asked ? asked.refusal.code : "accepted" };
  };

  test("went on renewing its lease before", () => {
    expect(renewing(0).outcome).toBe("accepted");
  });

  test("renews nothing since, and can still let go", () => {
    const { world, outcome } = renewing(1);
    expect(outcome).toBe("agent_suspended");
    const [lease] = world.state.leases.values();
    const agent = [...world.state.agents.values()].find(({ principal }) => principal === lease?.holder);
    const by = { principal: agent?.principal ?? host.principal, grant: agent?.grant ?? null };
    world.must({ type: "lease.release", resource: "deploy", epoch: lease?.epoch }, by);
  });

  test("renews in a log of before up to the entry that turns the flag on", () => {
    const { world } = renewing(0);
    const [lease] = world.state.leases.values();
    const agent = [...world.state.agents.values()].find(({ principal }) => principal === lease?.holder);
    const by = { principal: agent?.principal ?? host.principal, grant: agent?.grant ?? null };
    const renew = { type: "lease.renew", resource: "deploy", epoch: lease?.epoch, forMs: 1_000 };
    world.must(renew, by);
    world.must({ type: "vault.configure", schema: 2, limits: {}, flags: 1 });
    expect(world.ask(renew, by)).toMatchObject({ refusal: { code: "agent_suspended" } });
    expect(again(world.bytes)).toBe(encodeState(world.state));
  });
});
