/** Refusals of budgets and of definitions. */
import { genesisIds } from "../../src/index.ts";
import { workerPart } from "../furnished.ts";
import { one, root, someContent, World, type Draft } from "../world.ts";
import { fields, noRoomFor, stranger, type Scene, type Table } from "./table.ts";

const tooMuch = { cpuMs: 4_000_000_000 };

function closeBudget(budget: string): (scene: Scene) => void {
  return ({ world }) => {
    // Something must hang on it, or it is gone at once.
    const amounts = { tokens: 1 };
    world.must({ type: "budget.carve", parent: budget, holder: genesisIds.root, amounts }, holderOf(world, budget));
    const below = [...world.state.budgets.values()].at(-1);
    world.must(effectOn(below?.id ?? ""));
    world.must({ type: "budget.close", budget });
  };
}

function holderOf(world: World, budget: string): Scene["by"] {
  const holder = [...world.state.budgets.values()].find((row) => row.id === budget)?.holder ?? genesisIds.root;
  const grant = [...world.state.grants.values()].find((row) => row.holder === holder)?.id ?? null;
  return { principal: holder, grant };
}

function effectOn(budget: string): Draft {
  return {
    type: "effect.request",
    kind: "code",
    label: "holds a budget open",
    agent: null,
    task: null,
    step: null,
    tool: null,
    arguments: someContent,
    claims: [],
    reserve: {},
    budget,
    timeoutMs: 1,
    inputs: [],
  };
}

function below(): { readonly world: World; readonly budget: string } {
  const world = World.open();
  return { world, budget: world.person("ann", []).budget };
}

function registered(): World {
  const world = World.open();
  world.must({ type: "definition.register", part: workerPart, source: someContent });
  return world;
}

function proposed(): { readonly world: World; readonly definition: string } {
  const world = registered();
  const ann = world.person("ann", []);
  const events = world.must({ type: "definition.propose", part: workerPart, source: someContent }, ann);
  return { world, definition: one(events, "definition.proposed").definition };
}

function decisionTable(operation: "definition.promote" | "definition.reject"): Table {
  return {
    operation,
    scene: () => {
      const { world, definition } = proposed();
      return { world, draft: { type: operation, definition }, by: root };
    },
    rows: [
      fields("definition_unknown", { definition: "definition-900-0" }),
      stranger("permission_denied", ["definition.register:other"]),
      {
        code: "definition_not_proposed",
        breaks: (scene) => {
          scene.draft = { ...scene.draft, definition: scene.world.state.lookup.definition("worker")?.id };
        },
      },
      {
        code: "proposer_decides",
        breaks: (scene) => {
          const draft = { type: "definition.propose", part: workerPart, source: someContent };
          const { definition } = one(scene.world.must(draft), "definition.proposed");
          scene.draft = { ...scene.draft, definition };
        },
      },
    ],
  };
}

/** One table for each operation of these areas. */
export const budgetTables: readonly Table[] = [
  {
    operation: "budget.allot",
    scene: () => ({
      world: World.open(),
      draft: { type: "budget.allot", holder: genesisIds.root, amounts: { tokens: 5 }, window: { lengthMs: 60_000 } },
      by: root,
    }),
    rows: [
      stranger("permission_denied", ["budget.allot:own"]),
      fields("holder_unknown", { holder: "principal-900-0" }),
      noRoomFor("budgetsMax"),
    ],
  },
  {
    operation: "budget.carve",
    scene: () => {
      const { world } = below();
      const draft = { type: "budget.carve", parent: genesisIds.rootBudget, holder: genesisIds.root };
      return { world, draft: { ...draft, amounts: { tokens: 5 } }, by: root };
    },
    rows: [
      fields("budget_not_held", { parent: "budget-900-0" }),
      {
        code: "budget_closing",
        breaks: (scene) => {
          const { world } = scene;
          const amounts = { tokens: 100 };
          const carve = { type: "budget.carve", parent: genesisIds.rootBudget, holder: genesisIds.root, amounts };
          const { budget } = one(world.must(carve), "budget.carved");
          closeBudget(budget)(scene);
          scene.draft = { ...scene.draft, parent: budget };
        },
      },
      fields("budget_exhausted", { amounts: tooMuch }),
      fields("holder_unknown", { holder: "principal-900-0" }),
      noRoomFor("budgetsMax"),
    ],
  },
  {
    operation: "budget.carve",
    when: "the tree is 16 levels deep",
    scene: () => {
      const { world } = below();
      const draft = { type: "budget.carve", parent: genesisIds.rootBudget, holder: genesisIds.root, amounts: {} };
      return { world, draft, by: root };
    },
    rows: [
      {
        code: "limit_reached",
        breaks: (scene) => {
          let parent: string = genesisIds.rootBudget;
          for (let level = 1; level < 16; level += 1) {
            parent = one(scene.world.must({ ...scene.draft, parent }), "budget.carved").budget;
          }
          scene.draft = { ...scene.draft, parent };
        },
      },
    ],
  },
  {
    operation: "budget.top-up",
    scene: () => {
      const { world, budget } = below();
      return { world, draft: { type: "budget.top-up", budget, amounts: { tokens: 5 } }, by: root };
    },
    rows: [
      fields("budget_not_held", { budget: "budget-900-0" }),
      fields("budget_exhausted", { amounts: tooMuch }),
      { code: "budget_closing", breaks: (scene) => closeBudget(String(scene.draft["budget"]))(scene) },
    ],
  },
  {
    operation: "budget.top-up",
    when: "it is a top budget",
    scene: () => ({
      world: World.open(),
      draft: { type: "budget.top-up", budget: genesisIds.rootBudget, amounts: { tokens: 5 } },
      by: root,
    }),
    rows: [
      stranger("permission_denied"),
      {
        code: "limit_reached",
        breaks: (scene) => {
          const amounts = { tokens: 2 ** 42 };
          scene.draft = { ...scene.draft, amounts };
          for (let count = 1; count < 2 ** 8; count += 1) scene.world.must(scene.draft);
        },
      },
    ],
  },
  {
    operation: "budget.close",
    scene: () => {
      const { world, budget } = below();
      return { world, draft: { type: "budget.close", budget }, by: root };
    },
    rows: [
      stranger("budget_not_held"),
      fields("budget_is_root", { budget: genesisIds.rootBudget }, [["budget_closing"], "the root budget never closes"]),
      { code: "budget_closing", breaks: (scene) => closeBudget(String(scene.draft["budget"]))(scene) },
    ],
  },
  {
    operation: "definition.register",
    scene: () => ({
      world: World.open(),
      draft: { type: "definition.register", part: workerPart, source: someContent },
      by: root,
    }),
    rows: [stranger("permission_denied", ["definition.register:other"]), noRoomFor("definitionsMax")],
  },
  {
    operation: "definition.propose",
    scene: () => ({
      world: World.open(),
      draft: { type: "definition.propose", part: workerPart, source: someContent },
      by: root,
    }),
    rows: [noRoomFor("definitionsMax")],
  },
  {
    operation: "definition.propose",
    when: "the proposer has 16 proposals waiting",
    scene: () => ({
      world: World.open(),
      draft: { type: "definition.propose", part: workerPart, source: someContent },
      by: root,
    }),
    rows: [
      {
        code: "limit_reached",
        breaks: ({ world, draft }) => {
          for (let count = 0; count < 16; count += 1) world.must(draft);
        },
      },
    ],
  },
  decisionTable("definition.promote"),
  decisionTable("definition.reject"),
  {
    operation: "definition.roll-back",
    scene: () => {
      const world = registered();
      world.must({ type: "definition.register", part: workerPart, source: someContent });
      return { world, draft: { type: "definition.roll-back", name: "worker" }, by: root };
    },
    rows: [
      stranger("permission_denied", ["definition.register:other"]),
      fields("definition_name_unknown", { name: "nobody" }, [
        ["definition_has_no_previous"],
        "a name that is unknown has no versions",
      ]),
      {
        code: "definition_has_no_previous",
        breaks: ({ world, draft }) => void world.must({ ...draft, name: "worker" }),
      },
    ],
  },
];
