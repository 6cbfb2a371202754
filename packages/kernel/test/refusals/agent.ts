/** Refusals of agents, runs and sessions. */
import { inhabited, furnished, noGo, go } from "../furnished.ts";
import { one, root, sessionOf, type Draft, type Spawned, type World } from "../world.ts";
import { fields, noRoomFor, stranger, type Row, type Scene, type Table } from "./table.ts";

const beyond = ["fs.read:/elsewhere"];

function spawning(world: World, changes: Partial<Draft> = {}): Draft {
  return {
    type: "agent.spawn",
    name: "worker",
    definition: world.state.lookup.definition("worker")?.id,
    parent: null,
    session: null,
    permissions: ["fs.read:/w/**"],
    expiresAtMs: null,
    allotment: { cpuMs: 10 },
    budget: "budget-1-3",
    ...changes,
  };
}

const controls: readonly Row[] = [
  fields("agent_unknown", { agent: "agent-900-0" }),
  stranger("agent_not_controlled", ["agent.control:other"]),
];

function onAgent(operation: string, extra: (world: World, worker: Spawned) => Partial<Draft>): () => Scene {
  return () => {
    const { world, worker } = inhabited();
    return { world, draft: { type: operation, agent: worker.agent, ...extra(world, worker) }, by: worker };
  };
}

const suspend: Row = {
  code: "agent_suspended",
  breaks: ({ world }) => {
    const [agent] = world.state.agents.keys();
    world.must({ type: "agent.suspend", agent, reason: "administrative" });
  },
};

function sessionScene(plan: Partial<Draft> = {}): Scene {
  const world = furnished();
  const session = world.session(plan);
  return { world, draft: spawning(world, { name: "first", session }), by: root };
}

/** Spawns an agent of the session at hand and ends it. */
function ended(world: World, { name, reason }: { readonly name: string; readonly reason: string }): void {
  const [session] = world.state.sessions.keys();
  const { agent } = world.spawn({ name, session, permissions: [] });
  world.must({ type: "agent.terminate", agent, reason, exitCode: 0 });
}

/** One table for each operation of these areas. */
export const agentTables: readonly Table[] = [
  {
    operation: "agent.spawn",
    scene: () => {
      const world = furnished();
      return { world, draft: spawning(world), by: root };
    },
    rows: [
      stranger("permission_denied", ["agent.spawn:other"]),
      fields("definition_unknown", { definition: "definition-900-0" }, [
        ["definition_not_active", "authority_exceeds_definition"],
        "nothing is known of it",
      ]),
      {
        code: "definition_not_active",
        breaks: (scene) => {
          const { world } = scene;
          const active = world.state.lookup.definition("worker");
          world.must({ type: "definition.register", part: active?.part, source: active?.source });
          scene.draft = { ...scene.draft, definition: active?.id };
        },
      },
      fields("agent_unknown", { parent: "agent-900-0" }),
      fields("session_unknown", { session: "session-900-0" }),
      fields("authority_exceeds_definition", { permissions: beyond }, [
        ["authority_exceeds_parent"],
        "the root grant holds everything",
      ]),
      fields("expiry_passed", { expiresAtMs: 5 }),
      fields("budget_not_held", { budget: "budget-900-0" }, [["budget_exhausted"], "nothing is known of it"]),
      fields("budget_exhausted", { allotment: { cpuMs: 4_000_000_000 } }),
      noRoomFor("agentsMax"),
    ],
  },
  {
    operation: "agent.spawn",
    when: "the parent is another's agent",
    scene: () => {
      const { world } = inhabited();
      const ann = world.person("ann", ["agent.spawn:*", "agent.control:worker", "fs.read:/w/**"]);
      const [parent] = world.state.agents.keys();
      return { world, draft: spawning(world, { parent, budget: ann.budget, allotment: {} }), by: ann };
    },
    rows: [
      {
        code: "agent_not_controlled",
        breaks: (scene) => {
          const ann = scene.world.person("ann", ["agent.spawn:*", "fs.read:/w/**"]);
          scene.by = ann;
          scene.draft = { ...scene.draft, budget: ann.budget };
        },
      },
      fields("authority_exceeds_parent", { permissions: ["tool.call:reader"] }),
      {
        code: "budget_closing",
        breaks: (scene) => {
          const { world, by } = scene;
          const carve = { type: "budget.carve", parent: "budget-1-3", holder: by.principal, amounts: {} };
          const { budget } = one(world.must(carve), "budget.carved");
          const below = { ...carve, parent: budget, holder: "principal-1-1" };
          const { budget: inner } = one(world.must(below, by), "budget.carved");
          const label = { label: "holds it open", agent: null, task: null, step: null, tool: null, inputs: [] };
          const content = { commitment: `sha256:${"A".repeat(43)}`, size: 0 };
          const rest = { kind: "code", arguments: content, claims: [], reserve: {}, budget: inner, timeoutMs: 1 };
          world.must({ type: "effect.request", ...label, ...rest });
          world.must({ type: "budget.close", budget });
          scene.draft = { ...scene.draft, budget };
        },
      },
    ],
  },
  {
    operation: "agent.spawn",
    when: "an agent asks",
    scene: () => {
      const { world, worker } = inhabited();
      const changes = { parent: worker.agent, budget: worker.budget, allotment: { cpuMs: 1 } };
      return { world, draft: spawning(world, changes), by: worker };
    },
    rows: [
      fields("parent_not_self", { parent: null }),
      {
        code: "agent_suspended",
        breaks: ({ world, draft }) => {
          world.must({ type: "agent.suspend", agent: draft["parent"], reason: "other" });
        },
      },
      {
        code: "expiry_exceeds_parent",
        breaks: (scene) => {
          const { world } = scene;
          const worker = world.spawn({ expiresAtMs: world.timeMs + 10_000 });
          scene.by = worker;
          scene.draft = { ...scene.draft, parent: worker.agent, budget: worker.budget };
        },
      },
    ],
  },
  {
    operation: "agent.spawn",
    when: "the grant cannot be delegated further",
    scene: () => {
      const world = furnished();
      const ann = world.person("ann", ["agent.spawn:*", "fs.read:/w/**"]);
      return { world, draft: spawning(world, { budget: ann.budget, allotment: {} }), by: ann };
    },
    rows: [
      {
        code: "delegation_too_deep",
        breaks: (scene) => {
          const ann = scene.world.person("ann", ["agent.spawn:*", "fs.read:/w/**"], { depthMax: 0 });
          scene.by = ann;
          scene.draft = { ...scene.draft, budget: ann.budget };
        },
      },
    ],
  },
  {
    operation: "agent.spawn",
    when: "it is of a session",
    scene: sessionScene,
    rows: [
      {
        code: "permission_denied",
        breaks: (scene) => {
          scene.by = scene.world.person("ann", ["agent.spawn:*", "session.run:other"]);
        },
      },
      fields("agent_not_planned", { name: "third" }, [
        ["agent_not_waiting", "dependency_not_met", "concurrency_reached"],
        "nothing is planned of it",
      ]),
      {
        code: "agent_not_waiting",
        breaks: ({ world }) => ended(world, { name: "first", reason: "completed" }),
        not: [["dependency_not_met"], "what it depends on was waiting for it"],
      },
      fields("dependency_not_met", { name: "second" }),
    ],
  },
  {
    operation: "agent.spawn",
    when: "an agent of its session failed",
    scene: () => sessionScene({ restartsMax: 1, onFailure: "stop", concurrencyMax: 1 }),
    rows: [
      {
        code: "restarts_used_up",
        breaks: ({ world }) => {
          ended(world, { name: "first", reason: "crashed" });
          ended(world, { name: "first", reason: "crashed" });
        },
      },
    ],
  },
  {
    operation: "agent.spawn",
    when: "another agent of its session failed for good",
    scene: () => {
      const agents = ["first", "second", "third"].map((name) => ({ name, dependsOn: [] }));
      const scene = sessionScene({ agents, onFailure: "stop", concurrencyMax: 1 });
      return { ...scene, draft: { ...scene.draft, name: "second" } };
    },
    rows: [
      {
        code: "session_stopping",
        breaks: ({ world }) => {
          if (world.state.agents.size === 0) return ended(world, { name: "first", reason: "killed" });
          const [agent] = world.state.agents.keys();
          world.must({ type: "agent.terminate", agent, reason: "killed", exitCode: 1 });
          return undefined;
        },
      },
      {
        code: "concurrency_reached",
        breaks: ({ world }) => {
          const [session] = world.state.sessions.keys();
          world.spawn({ name: "third", session, permissions: [] });
        },
      },
    ],
  },
  {
    operation: "agent.suspend",
    scene: onAgent("agent.suspend", () => ({ reason: "self-requested" })),
    rows: [...controls, suspend],
  },
  {
    operation: "agent.resume",
    scene: () => {
      const { world, worker } = inhabited();
      world.must({ type: "agent.suspend", agent: worker.agent, reason: "self-requested" }, worker);
      return { world, draft: { type: "agent.resume", agent: worker.agent }, by: worker };
    },
    rows: [
      ...controls,
      {
        code: "agent_not_suspended",
        breaks: ({ world, draft }) => void world.must({ ...draft, agent: [...world.state.agents.keys()][0] }),
      },
    ],
  },
  {
    operation: "agent.resume",
    when: "somebody else suspended it",
    scene: () => {
      const { world, worker } = inhabited();
      world.must({ type: "agent.suspend", agent: worker.agent, reason: "self-requested" }, worker);
      return { world, draft: { type: "agent.resume", agent: worker.agent }, by: worker };
    },
    rows: [
      {
        code: "agent_not_controlled",
        breaks: ({ world, draft, by }) => {
          world.must(draft, by);
          world.must({ type: "agent.suspend", agent: draft["agent"], reason: "administrative" });
        },
      },
    ],
  },
  {
    operation: "agent.terminate",
    scene: onAgent("agent.terminate", () => ({ reason: "completed", exitCode: 0 })),
    rows: controls,
  },
  {
    operation: "agent.transition",
    scene: onAgent("agent.transition", () => ({ to: "busy", inputs: go })),
    rows: [
      ...controls,
      fields("transition_not_declared", { to: "idle" }, [
        ["condition_not_met"],
        "what is not declared has no condition",
      ]),
      fields("condition_not_met", { inputs: noGo }),
    ],
  },
  {
    operation: "run.start",
    scene: onAgent("run.start", () => ({})),
    rows: [
      ...controls,
      suspend,
      {
        code: "run_in_progress",
        breaks: ({ world }) => void world.must({ type: "run.start", agent: [...world.state.agents.keys()][0] }),
      },
    ],
  },
  {
    operation: "run.end",
    scene: () => {
      const { world, worker } = inhabited();
      return { world, draft: { type: "run.end", run: world.run(worker), outcome: "failed" }, by: worker };
    },
    rows: [fields("run_unknown", { run: "run-900-0" }), stranger("agent_not_controlled")],
  },
  {
    operation: "session.start",
    scene: () => ({ world: furnished(), draft: sessionOf(), by: root }),
    rows: [stranger("permission_denied", ["session.run:other"]), noRoomFor("sessionsMax")],
  },
  {
    operation: "session.advance",
    scene: () => {
      const world = furnished();
      return { world, draft: { type: "session.advance", session: world.session(), wave: 1 }, by: root };
    },
    rows: [
      fields("session_unknown", { session: "session-900-0" }),
      stranger("permission_denied", ["session.run:other"]),
      fields("wave_out_of_order", { wave: 2 }),
    ],
  },
  {
    operation: "session.end",
    scene: () => {
      const world = furnished();
      return { world, draft: { type: "session.end", session: world.session(), outcome: "completed" }, by: root };
    },
    rows: [
      fields("session_unknown", { session: "session-900-0" }),
      stranger("permission_denied", ["session.run:other"]),
      {
        code: "session_has_live_agents",
        breaks: ({ world }) => {
          const [session] = world.state.sessions.keys();
          world.spawn({ name: "first", session, permissions: [] });
        },
      },
    ],
  },
];
