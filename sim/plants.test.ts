/** The simulation is worth what it catches: bugs planted at its ports, and states that break the laws. */
import { rmSync } from "node:fs";
import { amountKinds, decodeEntry, type KernelState } from "@toka/kernel";
import { afterAll, describe, expect, test } from "vitest";
import { furnished } from "../packages/kernel/test/furnished.ts";
import { budgetsAreConserved, EffectStories, grantsOnlyNarrow } from "./laws.ts";
import { plants } from "./plants.ts";
import { simulate } from "./simulate.ts";
import { makeTools } from "./tools.ts";

const tools = makeTools();
afterAll(() => rmSync(tools.dir, { recursive: true, force: true }));

/** Seeds of the gate in which a bug must be caught: far fewer than it plays. */
const seedsMax = 400;

/** Where to begin, for a bug that takes a rare course of events. */
const begin: Readonly<Record<string, number>> = { "a gate that forgets what it started": 160 };

describe("a planted bug is caught by the gate's own seeds", () => {
  test.each(Object.entries(plants))("%s", { timeout: 300_000 }, async (name, plant) => {
    let caught: string | undefined;
    let seed = begin[name] ?? 0;
    while (caught === undefined && seed < seedsMax) {
      seed += 1;
      caught = await simulate(seed, { tools, plant }).then(
        () => undefined,
        (thrown: unknown) => String(thrown).split("\n")[0],
      );
    }
    process.stdout.write(`${name}: ${caught ?? "not caught"}\n`);
    expect(caught).toBeDefined();
  });
});

test("a seed gives the same course of events when it is played again", { timeout: 300_000 }, async () => {
  for (let seed = 1; seed <= 25; seed += 1) {
    const [once, again] = [await simulate(seed, { tools }), await simulate(seed, { tools })];
    expect({ ...again, counts: again.counts.list() }).toEqual({ ...once, counts: once.counts.list() });
  }
});

describe("a state that breaks a law is noticed", () => {
  const world = furnished();
  const worker = world.spawn();
  const effect = world.request(worker);
  const { state } = world;

  test("none is broken by a state that keeps them", () => {
    budgetsAreConserved(state);
    grantsOnlyNarrow(state);
  });

  test.each(["spent", "reserved", "carved", "overdraft", "allotment"] as const)("a budget whose %s leaks", (figure) => {
    for (const [id, budget] of state.budgets) {
      for (const kind of amountKinds) {
        if (figure === "allotment" && budget.parent === null) continue;
        const leaking = { ...budget, [figure]: { ...budget[figure], [kind]: budget[figure][kind] + 1 } };
        // What was spent may be less than the allotment: then only a loss is a leak that one state shows.
        const negative = { ...budget, spent: { ...budget.spent, [kind]: -1 } };
        const wrong = figure === "spent" ? negative : leaking;
        const budgets: KernelState["budgets"] = new Map([...state.budgets, [id, wrong]]);
        expect(() => budgetsAreConserved({ ...state, budgets, effects: state.effects })).toThrow("does not add up");
      }
    }
  });

  test("a grant that is wider, longer or deeper than the one above it, or outlives it", () => {
    const grant = state.grants.get(worker.grant);
    if (grant === undefined) throw new Error("Cannot go on: the grant is gone");
    const above = world.spawn({ permissions: ["fs.read:/w/**"] });
    for (const wrong of [
      { ...grant, parent: above.grant },
      { ...grant, depthLeft: 1_000 },
      { ...grant, parent: "grant-999-0" as typeof grant.id },
      { ...grant, parent: null },
    ])
      expect(() => grantsOnlyNarrow({ grants: new Map([...state.grants, [grant.id, wrong]]) })).toThrow(/grant-/);
  });

  test("an effect that is settled twice, started twice, or was never asked for", () => {
    world.settle(effect);
    const entries = world.bytes.map((text) => decodeEntry(text));
    const settling = entries.at(-1);
    const stories = new EffectStories();
    if (settling === undefined) throw new Error("Cannot go on: there are no entries");
    expect(() => stories.take(settling)).toThrow("nobody asked for");
    for (const entry of entries) stories.take(entry);
    expect(() => stories.take(settling)).toThrow("settled twice");
  });
});
