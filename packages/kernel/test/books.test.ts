/** The books by example: overdraft and who carries it, windows, warnings, closing. */
import { describe, expect, test } from "vitest";
import { amountsBy, availableOf, genesisIds, type Amounts, type Budget, type BudgetId } from "../src/index.ts";
import { inhabited } from "./furnished.ts";
import { one, requestOf, root, startMs, World } from "./world.ts";

const rootBudget = genesisIds.rootBudget;

function figures({ spent, reserved, carved, overdraft }: Budget): { readonly [name: string]: Amounts } {
  const plain = (amounts: Amounts): Amounts => amountsBy((kind) => amounts[kind] ?? 0);
  return { spent: plain(spent), reserved: plain(reserved), carved: plain(carved), overdraft: plain(overdraft) };
}

function budgetOf(world: World, id: BudgetId): Budget {
  const budget = world.state.budgets.get(id);
  if (budget === undefined) throw new Error(`Cannot find ${id}`);
  return budget;
}

function inhabitedWith(amounts: Amounts): ReturnType<typeof inhabited> {
  const held = inhabited();
  return { world: held.world, worker: held.world.spawn({ allotment: amounts }) };
}

describe("a settlement", () => {
  test("gives back what was held and books what was used", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3, memoryBytes: 0 });
    const effect = world.request(worker, { reserve: { cpuMs: 30 } });
    expect(figures(budgetOf(world, worker.budget))).toMatchObject({ spent: {}, reserved: { cpuMs: 30, toolCalls: 1 } });
    world.settle(effect, { usage: { cpuMs: 20 } });
    expect(figures(budgetOf(world, worker.budget))).toEqual({
      spent: { cpuMs: 20, toolCalls: 1 },
      reserved: {},
      carved: {},
      overdraft: {},
    });
  });

  test("above the reservation first takes what is available, and the rest is overdraft that the budget above carries", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3 });
    const carvedBefore = budgetOf(world, rootBudget).carved.cpuMs;
    const first = world.request(worker, { reserve: { cpuMs: 30 } });
    const second = world.request(worker, { reserve: { cpuMs: 10 } });
    world.settle(first, { usage: { cpuMs: 55 } });
    expect(figures(budgetOf(world, worker.budget))).toMatchObject({
      spent: { cpuMs: 55 },
      reserved: { cpuMs: 10 },
      overdraft: { cpuMs: 15 },
    });
    expect(budgetOf(world, rootBudget).carved.cpuMs).toBe(carvedBefore + 15);
    // What the other effect did not use pays back part of it.
    world.settle(second, { usage: {} });
    expect(budgetOf(world, worker.budget).overdraft.cpuMs).toBe(5);
    expect(budgetOf(world, rootBudget).carved.cpuMs).toBe(carvedBefore + 5);
    expect(availableOf(budgetOf(world, worker.budget), "cpuMs")).toBe(0);
  });

  test("that overdraws the budget above as well is carried by the one above that", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3 });
    const carve = { type: "budget.carve", parent: worker.budget, holder: worker.principal };
    const amounts = { cpuMs: 40, toolCalls: 2 };
    const { budget } = one(world.must({ ...carve, amounts }, worker), "budget.carved");
    const carvedBefore = budgetOf(world, rootBudget).carved.cpuMs;
    world.settle(world.request(worker, { budget, reserve: {} }), { usage: { cpuMs: 100 } });
    expect(budgetOf(world, budget).overdraft.cpuMs).toBe(60);
    // 40 + 60 are handed down of 50.
    expect(figures(budgetOf(world, worker.budget))).toMatchObject({ carved: { cpuMs: 100 }, overdraft: { cpuMs: 50 } });
    expect(budgetOf(world, rootBudget).carved.cpuMs).toBe(carvedBefore + 50);
  });

  test("books one tool call, whatever was measured or reserved, and never overdraws them", () => {
    const { world, worker } = inhabitedWith({ toolCalls: 1 });
    const effect = world.request(worker, { reserve: { toolCalls: 0 } });
    world.settle(effect, { usage: { toolCalls: 9 } });
    expect(figures(budgetOf(world, worker.budget))).toMatchObject({ spent: { toolCalls: 1 }, overdraft: {} });
    const decision = world.decide(requestOf(worker, { reserve: {} }), worker);
    const refused = { code: "budget_exhausted", dimension: "toolCalls", available: 0, wanted: 1 };
    expect(decision).toMatchObject({ refused });
  });

  test("gives memory back and keeps stored bytes", () => {
    const { world } = inhabited({
      allotment: { tokens: 100, cpuMs: 100, wallMs: 100, toolCalls: 99, memoryBytes: 9_000 },
    });
    const worker = world.spawn({ allotment: { toolCalls: 2, memoryBytes: 9_000 } });
    const effect = world.request(worker, { reserve: { memoryBytes: 9_000 } });
    const more = requestOf(worker, { reserve: { memoryBytes: 1 } });
    expect(world.decide(more, worker)).toMatchObject({ refused: { dimension: "memoryBytes", available: 0 } });
    world.settle(effect, { usage: { memoryBytes: 8_000, storedBytes: 7 } });
    expect(figures(budgetOf(world, worker.budget))).toEqual({
      spent: { toolCalls: 1, storedBytes: 7 },
      reserved: {},
      carved: {},
      overdraft: { storedBytes: 7 },
    });
    expect(world.decide(more, worker)).toHaveProperty("accepted");
  });

  test("of unknown outcome books the reservation, and later only what goes beyond it", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3 });
    const effect = world.request(worker, { reserve: { cpuMs: 20 } });
    const owed = one(world.settle(effect, { outcome: "unknown", usage: {} }), "effect.owed");
    expect(owed.booked).toEqual({ cpuMs: 20, toolCalls: 1 });
    expect(world.state.effects.get(effect)?.status).toBe("owed");
    const settled = one(world.settle(effect, { usage: { cpuMs: 26 } }), "effect.settled");
    expect(settled.booked).toEqual({ cpuMs: 6 });
    expect(figures(budgetOf(world, worker.budget))).toMatchObject({ spent: { cpuMs: 26, toolCalls: 1 }, reserved: {} });
  });
});

describe("a warning", () => {
  test("comes once with 80 percent spent, and again only after a top-up", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 100, toolCalls: 9 });
    const use = (cpuMs: number): readonly string[] =>
      world.settle(world.request(worker, { reserve: {} }), { usage: { cpuMs } }).map((event) => event.type);
    expect(use(79)).toEqual(["effect.settled"]);
    expect(use(1)).toEqual(["effect.settled", "budget.warned"]);
    expect(use(1)).toEqual(["effect.settled"]);
    world.must({ type: "budget.top-up", budget: worker.budget, amounts: { cpuMs: 10 } });
    expect(use(10)).toEqual(["effect.settled", "budget.warned"]);
  });

  test("reaches the budget above when a closed one hands its account up", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 850_000, toolCalls: 3 });
    world.settle(world.request(worker, { reserve: {} }), { usage: { cpuMs: 800_000 } });
    const ended = { type: "agent.terminate", agent: worker.agent, reason: "completed", exitCode: 0 };
    const warned = one(world.must(ended), "budget.warned");
    expect(warned).toMatchObject({ budget: rootBudget, dimension: "cpuMs", spent: 800_000, allotment: 1_000_000 });
    expect(budgetOf(world, rootBudget).warned).toEqual(["cpuMs"]);
  });
});

describe("a warning of the budget above, when accounts go up,", () => {
  const most = { cpuMs: 450_000, toolCalls: 2 };
  const end = (agent: string) => ({ type: "agent.terminate", agent, reason: "completed", exitCode: 0 });

  function warnedOf(events: readonly { readonly type: string; readonly budget?: string }[]): readonly unknown[] {
    return events.filter((event) => event.type === "budget.warned").map((event) => event.budget);
  }

  test("comes for two accounts that reach it only together", () => {
    const { world, worker } = inhabitedWith(most);
    const second = { type: "budget.carve", parent: rootBudget, holder: worker.principal, amounts: most };
    const { budget } = one(world.must(second), "budget.carved");
    world.settle(world.request(worker, { reserve: {} }), { usage: { cpuMs: 400_000 } });
    world.settle(world.request(worker, { reserve: {}, budget }), { usage: { cpuMs: 400_000 } });
    expect(warnedOf(world.must(end(worker.agent)))).toEqual([rootBudget]);
  });

  test("comes for what a budget handed down", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 900_000, toolCalls: 2 });
    const amounts = { cpuMs: 850_000, toolCalls: 1 };
    const carve = { type: "budget.carve", parent: worker.budget, holder: worker.principal, amounts };
    const { budget } = one(world.must(carve, worker), "budget.carved");
    world.settle(world.request(worker, { reserve: {}, budget }), { usage: { cpuMs: 800_000 } });
    expect(warnedOf(world.must({ type: "budget.close", budget: worker.budget }))).toEqual([rootBudget]);
  });

  test("comes past one that is closing, when that one is gone as well", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 900_000, toolCalls: 2 });
    const carve = { type: "budget.carve", parent: worker.budget, holder: root.principal, amounts: { toolCalls: 1 } };
    const { budget } = one(world.must(carve, worker), "budget.carved");
    const code = { agent: null, kind: "code", tool: null, claims: [], reserve: {}, budget };
    const { effect } = one(world.must(requestOf(worker, code)), "effect.requested");
    world.settle(world.request(worker, { reserve: {} }), { usage: { cpuMs: 800_000 } });
    expect(warnedOf(world.must(end(worker.agent)))).toEqual([]);
    expect(warnedOf(world.settle(effect, { usage: {} }))).toEqual([rootBudget]);
  });
});

describe("a closing budget", () => {
  test("goes at once when nothing hangs on it, and its unspent amounts go back up", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3 });
    world.settle(world.request(worker, { reserve: {} }), { usage: { cpuMs: 20 } });
    const before = budgetOf(world, rootBudget);
    world.must({ type: "budget.close", budget: worker.budget });
    expect(world.state.budgets.has(worker.budget)).toBe(false);
    const after = budgetOf(world, rootBudget);
    expect(after.spent.cpuMs).toBe(before.spent.cpuMs + 20);
    expect(after.carved.cpuMs).toBe(before.carved.cpuMs - 50);
  });

  test("stays until the last effect below it is settled, and takes the overdraft with it", () => {
    const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3 });
    const carve = { type: "budget.carve", parent: worker.budget, holder: worker.principal, amounts: { toolCalls: 1 } };
    const { budget } = one(world.must(carve, worker), "budget.carved");
    const effect = world.request(worker, { budget, reserve: {} });
    world.must({ type: "agent.terminate", agent: worker.agent, reason: "killed", exitCode: 1 });
    expect(budgetOf(world, budget)).toMatchObject({ closing: true });
    expect(budgetOf(world, worker.budget)).toMatchObject({ closing: true });
    const before = budgetOf(world, rootBudget);
    world.settle(effect, { usage: { cpuMs: 70 } });
    expect(world.state.budgets.has(budget)).toBe(false);
    expect(world.state.budgets.has(worker.budget)).toBe(false);
    expect(budgetOf(world, rootBudget).spent.cpuMs).toBe(before.spent.cpuMs + 70);
  });
});

describe("a windowed budget", () => {
  const lengthMs = 60_000;

  function windowed(): { readonly world: World; readonly top: BudgetId; readonly below: BudgetId } {
    const world = World.open();
    const amounts = { cpuMs: 100, storedBytes: 100 };
    const allot = { type: "budget.allot", holder: root.principal, amounts, window: { lengthMs } };
    const top = one(world.must(allot), "budget.allotted").budget;
    const half = { cpuMs: 50, storedBytes: 50 };
    const carve = { type: "budget.carve", parent: top, holder: root.principal, amounts: half };
    return { world, top, below: one(world.must(carve), "budget.carved").budget };
  }

  function use(world: World, { budget, usage }: { readonly budget: BudgetId; readonly usage: Amounts }): void {
    const code = { kind: "code", agent: null, tool: null, claims: [], reserve: {}, budget };
    const nobody = { agent: "agent-9-9", principal: root.principal, grant: genesisIds.rootGrant, budget };
    const draft = requestOf(nobody as Parameters<typeof requestOf>[0], code);
    world.settle(one(world.must(draft), "effect.requested").effect, { usage });
  }

  test("hands its window down", () => {
    const { world, top, below } = windowed();
    expect(budgetOf(world, below).window).toEqual(budgetOf(world, top).window);
    expect(budgetOf(world, top).window?.lengthMs).toBe(lengthMs);
  });

  test("counts flows anew in the next window, but not what is stored", () => {
    const { world, below } = windowed();
    use(world, { budget: below, usage: { cpuMs: 50, storedBytes: 20 } });
    const carve = { type: "budget.carve", parent: below, holder: root.principal, amounts: { cpuMs: 1 } };
    expect(world.decide(carve)).toMatchObject({ refused: { code: "budget_exhausted", available: 0 } });
    world.timeMs += lengthMs;
    expect(world.decide(carve)).toHaveProperty("accepted");
    use(world, { budget: below, usage: { cpuMs: 1 } });
    const { spent, window } = budgetOf(world, below);
    expect(spent).toMatchObject({ cpuMs: 1, storedBytes: 20 });
    expect(((window?.startMs ?? 0) - startMs) % lengthMs).toBeLessThan(10);
  });

  test("that is closed in a later window hands up only what that window's account holds", () => {
    const { world, top, below } = windowed();
    use(world, { budget: below, usage: { cpuMs: 30, storedBytes: 20 } });
    world.timeMs += lengthMs;
    world.must({ type: "budget.close", budget: below });
    expect(budgetOf(world, top).spent).toMatchObject({ cpuMs: 0, storedBytes: 20 });
    expect(budgetOf(world, top).carved).toMatchObject({ cpuMs: 0, storedBytes: 0 });
  });

  test("leaves its overdraft behind with the window", () => {
    const { world, top, below } = windowed();
    use(world, { budget: below, usage: { cpuMs: 80 } });
    expect(budgetOf(world, top).carved.cpuMs).toBe(80);
    world.timeMs += 3 * lengthMs;
    use(world, { budget: below, usage: { cpuMs: 1 } });
    expect(budgetOf(world, below).overdraft.cpuMs).toBe(0);
    expect(budgetOf(world, top).carved.cpuMs).toBe(50);
  });
});

test("the host alone brings nothing into the vault: its settlements only move amounts", () => {
  const { world, worker } = inhabitedWith({ cpuMs: 50, toolCalls: 3 });
  const total = (): number => {
    const { spent, reserved, carved } = budgetOf(world, rootBudget);
    return spent.cpuMs + reserved.cpuMs + carved.cpuMs;
  };
  const before = total();
  world.settle(world.request(worker), { usage: { cpuMs: 3 } });
  expect(total()).toBe(before);
});
