/** What is dirty after several operations, and warnings that only several accounts together bring about. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { encodeEntity, entityKeys, genesisIds, takeDirty, type KernelState } from "../src/index.ts";
import { furnished, inhabited } from "./furnished.ts";
import { draw } from "./generate.ts";
import { Choices } from "./generate/setting.ts";
import { one } from "./world.ts";

const rounds = fc.array(
  fc.array(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 16, maxLength: 16 }), { minLength: 1, maxLength: 30 }),
  { minLength: 5, maxLength: 12, size: "max" },
);

function entities(state: KernelState): ReadonlyMap<string, string | undefined> {
  return new Map(entityKeys(state).map((key) => [key, encodeEntity(state, key)]));
}

describe("takeDirty", () => {
  test("names all that changed over several operations, and nothing that was there neither before nor after", () => {
    fc.assert(
      fc.property(rounds, (numbers) => {
        const world = furnished();
        takeDirty(world.state);
        let before = entities(world.state);
        for (const round of numbers) {
          for (const choices of round) {
            const drawn = draw(world.state, new Choices(choices));
            if (drawn !== undefined) world.ask(drawn.draft, drawn.by);
          }
          const dirty = takeDirty(world.state);
          const after = entities(world.state);
          const known = new Set([...before.keys(), ...after.keys()]);
          expect([...known].filter((key) => before.get(key) !== after.get(key) && !dirty.includes(key))).toEqual([]);
          expect(dirty.filter((key) => !known.has(key))).toEqual([]);
          before = after;
        }
      }),
      { seed: 20_261_121, numRuns: 30 },
    );
  });

  test("forgets what came and went, but names what was there before and was dropped", () => {
    const { world, worker } = inhabited();
    const standing = world.request(worker);
    takeDirty(world.state);
    const passing = world.request(worker);
    world.settle(passing);
    world.settle(standing);
    const dirty = takeDirty(world.state);
    expect(dirty).toContain(`effects/${standing}`);
    expect(dirty).not.toContain(`effects/${passing}`);
    expect(takeDirty(world.state)).toEqual([]);
  });
});

describe("the end of an agent", () => {
  test("warns of a budget when only the accounts of several budgets together have spent most of it", () => {
    const { world } = inhabited();
    const above = world.person("payer", ["agent.spawn:*", "fs.read:/w/**", "tool.call:*"]);
    const allotment = { cpuMs: 450, toolCalls: 1 };
    const by = { principal: above.principal, grant: above.grant };
    const worker = world.spawn({ permissions: ["fs.read:/w/**", "tool.call:*"], allotment, budget: above.budget }, by);
    const carve = { type: "budget.carve", parent: above.budget, holder: worker.principal, amounts: allotment };
    const second = one(world.must(carve, by), "budget.carved").budget;
    for (const budget of [worker.budget, second]) {
      const effect = world.request(worker, { budget, reserve: { cpuMs: 450 } });
      world.settle(effect, { usage: { cpuMs: 410 } });
    }
    const end = { type: "agent.terminate", agent: worker.agent, reason: "completed", exitCode: 0 };
    const warnings = world.must(end).filter((event) => event.type === "budget.warned");
    expect(warnings).toEqual([
      { type: "budget.warned", schema: 1, budget: above.budget, dimension: "cpuMs", spent: 820, allotment: 1_000 },
    ]);
    expect(world.state.budgets.get(above.budget)?.warned).toEqual(["cpuMs"]);
    expect(world.state.budgets.get(genesisIds.rootBudget)?.warned).toEqual([]);
  });
});
