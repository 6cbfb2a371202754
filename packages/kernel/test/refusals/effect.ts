/** Refusals of effects and tools. */
import { go, inhabited, furnished, noGo, toolOf } from "../furnished.ts";
import type { AgentId, EffectId } from "../../src/index.ts";
import {
  host,
  one,
  otherDigest,
  requestOf,
  root,
  settlementOf,
  type Draft,
  type Spawned,
  type World,
} from "../world.ts";
import { policyOf } from "./policy.ts";
import { fields, noRoomFor, stranger, type Row, type Scene, type Table } from "./table.ts";

function agentOf(world: World): Spawned {
  const [agent] = [...world.state.agents.values()];
  if (agent === undefined) throw new Error("Cannot go on: found no agent");
  return { agent: agent.id, principal: agent.principal, grant: agent.grant, budget: agent.budget };
}

/** A request for a step of the running task `first`. */
function stepScene(changes: Partial<Draft> = {}): Scene {
  const { world, worker } = inhabited();
  const task = world.start(worker, "first");
  return { world, draft: requestOf(worker, { task, step: "look", inputs: go, ...changes }), by: worker };
}

/** A request outside any task. */
function freeScene(changes: Partial<Draft> = {}): Scene {
  const { world, worker } = inhabited();
  return { world, draft: requestOf(worker, changes), by: worker };
}

const fullOfEffects: Row = {
  code: "limit_reached",
  breaks: ({ world }) => {
    const worker = agentOf(world);
    for (let count = 0; count < 2; count += 1) world.request(worker, { reserve: {} });
  },
};

const exhausted = fields("budget_exhausted", { reserve: { cpuMs: 5_000 } });
const notHeld = fields("budget_not_held", { budget: "budget-1-3" });
const late = fields("timeout_out_of_range", { timeoutMs: 60_001 });

/** A budget of the worker that closes but still has an effect on it. */
const closing: Row = {
  code: "budget_closing",
  breaks: (scene) => {
    const { world } = scene;
    const worker = agentOf(world);
    const carve = { type: "budget.carve", parent: "budget-1-3", holder: worker.principal, amounts: { toolCalls: 1 } };
    const { budget } = one(world.must(carve), "budget.carved");
    world.request(worker, { budget, reserve: {} });
    world.must({ type: "budget.close", budget });
    scene.draft = { ...scene.draft, budget };
  },
};

function effectScene(operation: string, extra: (effect: EffectId) => Draft): () => Scene {
  return () => {
    const { world, worker } = inhabited();
    const effect = world.request(worker, { tool: "sender", claims: ["net.connect:a.example:443"] });
    return { world, draft: { ...extra(effect), type: operation }, by: host };
  };
}

const unknownEffect = fields("effect_unknown", { effect: "effect-900-0" });

function startIt({ world, draft }: Scene): void {
  // Without authority nothing starts: then only the rows above are of interest.
  const effect = [...world.state.effects.values()].find((row) => row.id === draft["effect"]);
  if (effect === undefined || !world.state.grants.has(effect.grant)) return;
  world.must({ type: "effect.start", effect: draft["effect"] }, host);
}

function oweIt(scene: Scene): void {
  const { world, draft } = scene;
  const effect = [...world.state.effects.values()].find((row) => row.id === draft["effect"]);
  if (effect?.status === "requested") startIt(scene);
  if (effect === undefined || effect.status === "owed") return;
  world.settle(effect.id, { outcome: "unknown", result: null });
}

/** What keeps a request within its authority, whatever the rows below have broken. */
const within = { claims: ["fs.read:/w/a"] };

/** Stands where a request has no agent. */
const nobody = "agent-900-0" as AgentId;

/** One table for each operation of this area. */
export const effectTables: readonly Table[] = [
  {
    operation: "effect.request",
    when: "it performs a step",
    scene: stepScene,
    rows: [
      fields("agent_unknown", { agent: "agent-900-0" }),
      {
        code: "agent_not_controlled",
        breaks: (scene) => {
          scene.by = scene.world.person("ann", ["tool.call:*"]);
        },
      },
      {
        code: "agent_suspended",
        breaks: ({ world }) => {
          world.must({ type: "agent.suspend", agent: agentOf(world).agent, reason: "other" });
        },
      },
      {
        code: "task_not_running",
        breaks: (scene) => {
          scene.draft = { ...scene.draft, task: scene.world.schedule(agentOf(scene.world), "third") };
        },
      },
      fields("step_not_declared", { step: "hidden" }),
      fields("condition_not_met", { step: "maybe", inputs: noGo }),
      fields("permission_denied", { claims: ["fs.read:/elsewhere"] }),
      late,
      notHeld,
      exhausted,
      fullOfEffects,
    ],
  },
  {
    operation: "effect.request",
    when: "the step was asked for before",
    scene: stepScene,
    rows: [
      {
        code: "step_in_flight",
        breaks: ({ world, draft, by }) => void world.must({ ...draft, ...within }, by),
      },
      fields("permission_denied", { claims: ["fs.read:/elsewhere"] }),
    ],
  },
  {
    operation: "effect.request",
    when: "the step is over",
    scene: stepScene,
    rows: [
      {
        code: "step_settled",
        breaks: ({ world, draft, by }) => {
          const { effect } = one(world.must({ ...draft, ...within }, by), "effect.requested");
          world.settle(effect);
        },
      },
      fields("permission_denied", { claims: ["fs.read:/elsewhere"] }),
    ],
  },
  {
    operation: "effect.request",
    when: "it is outside any task",
    scene: freeScene,
    rows: [
      fields("tool_unknown", { tool: "nothing" }, [["tool_not_offered"], "nothing is known of it"]),
      fields("tool_not_offered", { tool: "spare" }),
      fields("permission_denied", { claims: ["fs.read:/elsewhere"] }),
      late,
      notHeld,
      exhausted,
      fullOfEffects,
    ],
  },
  {
    operation: "effect.request",
    when: "it may not call the tool",
    scene: () => {
      const { world } = inhabited();
      const worker = world.spawn({ permissions: ["fs.read:/w/**", "tool.call:reader"] });
      return { world, draft: requestOf(worker), by: worker };
    },
    rows: [fields("permission_denied", { tool: "sender" }), late],
  },
  {
    operation: "effect.request",
    when: "the tool is privileged",
    scene: () => {
      const scene = freeScene();
      scene.world.must({ ...toolOf("reader", { permissions: ["fs.read:/w/a"] }), type: "tool.update" });
      return scene;
    },
    rows: [
      fields("claim_beyond_tool", { claims: ["fs.read:/w/b"] }),
      // It forbids every request, also that of a tool which needs an approval besides.
      { code: "policy_denied", breaks: ({ world }) => void world.must(policyOf("closed")) },
      {
        code: "approval_required",
        // The operator asks in the agent's name: nobody could answer for him.
        breaks: (scene) => {
          const changes = { permissions: ["fs.read:/w/a"], sideEffect: "privileged" };
          scene.world.must({ ...toolOf("reader", changes), type: "tool.update" });
          scene.by = root;
        },
      },
      late,
      notHeld,
    ],
  },
  {
    operation: "effect.request",
    when: "the step waits for an approval",
    scene: () => stepScene({ step: "rule", tool: "admin" }),
    rows: [
      { code: "step_in_flight", breaks: ({ world, draft, by }) => void world.must({ ...draft, ...within }, by) },
      fields("permission_denied", { claims: ["fs.read:/elsewhere"] }),
    ],
  },
  {
    operation: "effect.start",
    when: "it waits for an approval",
    scene: effectScene("effect.start", (effect) => ({ type: "", effect })),
    rows: [
      {
        code: "approval_pending",
        breaks: (scene) => {
          scene.draft = { ...scene.draft, effect: scene.world.awaited(agentOf(scene.world)) };
        },
      },
    ],
  },
  {
    operation: "effect.start",
    when: "its tool was replaced",
    scene: effectScene("effect.start", (effect) => ({ type: "", effect })),
    rows: [
      {
        code: "authority_ended",
        breaks: ({ world }) => void world.must({ type: "grant.revoke", grant: agentOf(world).grant }),
      },
      {
        code: "tool_changed",
        breaks: ({ world }) => void world.must({ ...toolOf("sender", { program: otherDigest }), type: "tool.update" }),
      },
    ],
  },
  {
    operation: "effect.settle",
    when: "it waits for an approval",
    scene: effectScene("effect.settle", (effect) => ({ ...settlementOf(effect), outcome: "aborted" })),
    rows: [
      {
        code: "approval_pending",
        breaks: (scene) => {
          const effect = scene.world.awaited(agentOf(scene.world));
          scene.draft = { ...scene.draft, effect, outcome: "failed" };
        },
      },
    ],
  },
  {
    operation: "effect.request",
    when: "it is to wait for an approval",
    scene: () => freeScene({ tool: "admin" }),
    rows: [fields("permission_denied", { claims: ["fs.read:/elsewhere"] }), late, notHeld, exhausted, fullOfEffects],
  },
  {
    operation: "effect.request",
    when: "its budget closes",
    scene: freeScene,
    rows: [closing, exhausted],
  },
  {
    operation: "effect.request",
    when: "it is code of a person",
    scene: () => {
      const world = furnished();
      const ann = world.person("ann", ["code.run:native"]);
      const draft = { kind: "code", agent: null, tool: null, claims: [], budget: ann.budget };
      return { world, draft: requestOf({ ...ann, agent: nobody }, draft), by: ann };
    },
    rows: [
      {
        code: "permission_denied",
        breaks: (scene) => {
          scene.by = scene.world.person("ben", ["code.run:wasm"]);
        },
      },
      fields("timeout_out_of_range", { timeoutMs: 86_400_001 }),
      fields("budget_not_held", { budget: "budget-1-3" }),
      noRoomFor("effectsMax"),
    ],
  },
  {
    operation: "effect.request",
    when: "it undoes what a person sees",
    scene: () => {
      const world = furnished();
      const ann = world.person("ann", ["effect.undo:*", "fs.write:/w/**"]);
      const draft = { kind: "undo", agent: null, tool: null, undoes: ["effect-1-4"], claims: ["fs.write:/w/**"] };
      return { world, draft: requestOf({ ...ann, agent: nobody }, { ...draft, budget: ann.budget }), by: ann };
    },
    rows: [
      {
        code: "permission_denied",
        breaks: (scene) => {
          scene.by = scene.world.person("ben", ["effect.undo:some", "fs.write:/w/**", "code.run:*"]);
        },
      },
      fields("effect_unknown", { undoes: ["effect-1-4", "effect-900-0"] }),
      {
        code: "effect_unsettled",
        breaks: (scene) => {
          const { world, draft } = scene;
          const code = { kind: "code", agent: null, tool: null, claims: [], reserve: {}, budget: "budget-1-3" };
          const { effect } = one(world.must(requestOf({ agent: nobody } as Spawned, code)), "effect.requested");
          const [first = ""] = Array.isArray(draft["undoes"]) ? (draft["undoes"] as string[]) : [];
          scene.draft = { ...draft, undoes: draft["undoes"] === undefined ? [effect] : [first, effect] };
        },
      },
      fields("timeout_out_of_range", { timeoutMs: 86_400_001 }),
      fields("budget_not_held", { budget: "budget-1-3" }),
      noRoomFor("effectsMax"),
    ],
  },
  {
    operation: "effect.request",
    when: "it undoes beyond the grant",
    scene: () => {
      const world = furnished();
      const ann = world.person("ann", ["effect.undo:*", "fs.write:/w/**"]);
      const draft = { kind: "undo", agent: null, tool: null, undoes: ["effect-1-4"], claims: ["fs.write:/w/a"] };
      return { world, draft: requestOf({ ...ann, agent: nobody }, { ...draft, budget: ann.budget }), by: ann };
    },
    rows: [fields("permission_denied", { claims: ["fs.write:/w/a", "fs.write:/v/a"] })],
  },
  {
    operation: "effect.start",
    scene: effectScene("effect.start", (effect) => ({ type: "", effect })),
    rows: [
      unknownEffect,
      {
        code: "effect_already_started",
        breaks: startIt,
        not: [["authority_ended"], "nothing starts without authority"],
      },
      {
        code: "authority_ended",
        breaks: ({ world }) => void world.must({ type: "grant.revoke", grant: agentOf(world).grant }),
      },
    ],
  },
  {
    operation: "effect.start",
    when: "its outcome is owed",
    scene: effectScene("effect.start", (effect) => ({ type: "", effect })),
    rows: [{ code: "effect_owed", breaks: oweIt }],
  },
  {
    operation: "effect.settle",
    scene: effectScene("effect.settle", (effect) => ({ ...settlementOf(effect), outcome: "aborted" })),
    rows: [unknownEffect, fields("effect_not_started", { outcome: "succeeded" })],
  },
  {
    operation: "effect.settle",
    when: "its outcome is owed",
    scene: effectScene("effect.settle", (effect) => ({ ...settlementOf(effect), outcome: "aborted" })),
    rows: [
      {
        code: "effect_owed",
        breaks: (scene) => {
          oweIt(scene);
          scene.draft = { ...scene.draft, outcome: "unknown" };
        },
      },
    ],
  },
  {
    operation: "effect.abandon",
    scene: () => {
      const { world, worker } = inhabited();
      const effect = world.request(worker);
      world.settle(effect, { outcome: "unknown" });
      return { world, draft: { type: "effect.abandon", effect, reason: "nobody knows" }, by: host };
    },
    rows: [
      unknownEffect,
      {
        code: "effect_not_owed",
        breaks: (scene) => {
          scene.draft = { ...scene.draft, effect: scene.world.request(agentOf(scene.world)) };
        },
      },
    ],
  },
  {
    operation: "tool.register",
    scene: () => ({ world: furnished(), draft: toolOf("new"), by: root }),
    rows: [
      stranger("permission_denied", ["tool.register:other"]),
      fields("tool_exists", { name: "reader" }),
      noRoomFor("toolsMax"),
    ],
  },
  {
    operation: "tool.update",
    scene: () => ({ world: furnished(), draft: { ...toolOf("reader"), type: "tool.update" }, by: root }),
    rows: [stranger("permission_denied", ["tool.register:other"]), fields("tool_unknown", { name: "nothing" })],
  },
  {
    operation: "tool.unregister",
    scene: () => ({ world: furnished(), draft: { type: "tool.unregister", name: "reader" }, by: root }),
    rows: [stranger("permission_denied", ["tool.register:other"]), fields("tool_unknown", { name: "nothing" })],
  },
  {
    operation: "tool.inject",
    scene: () => {
      const { world, worker } = inhabited();
      return { world, draft: { type: "tool.inject", tool: "spare", agent: worker.agent }, by: root };
    },
    rows: [
      fields("agent_unknown", { agent: "agent-900-0" }),
      {
        code: "agent_not_controlled",
        // Not even the agent itself.
        breaks: (scene) => {
          scene.by = agentOf(scene.world);
        },
      },
      fields("tool_unknown", { tool: "nothing" }, [["tool_already_offered"], "nothing is known of it"]),
      fields("tool_already_offered", { tool: "reader" }),
      {
        code: "limit_reached",
        breaks: ({ world }) => {
          for (let count = 0; count < 128; count += 1) {
            world.must(toolOf(`extra${count}`));
            world.must({ type: "tool.inject", tool: `extra${count}`, agent: agentOf(world).agent });
          }
        },
      },
    ],
  },
];
