/** Refusals of tasks and objectives. */
import { go, inhabited, noGo } from "../furnished.ts";
import { root, someContent, type Draft, type Spawned, type World } from "../world.ts";
import { fields, noRoomFor, stranger, type Row, type Scene, type Table } from "./table.ts";

function onTask(
  operation: string,
  { key, extra }: { readonly key: string; readonly extra: Partial<Draft> },
): () => Scene {
  return () => {
    const { world, worker } = inhabited();
    return { world, draft: { type: operation, task: world.start(worker, key), ...extra }, by: worker };
  };
}

const unknownTask = fields("task_unknown", { task: "task-900-0" });

/** The task at hand is scheduled anew and not running: the attempt under way failed. */
const notRunning: Row = {
  code: "task_not_running",
  breaks: ({ world, draft }) => {
    world.must({ type: "task.fail", task: draft["task"], reason: "other", message: null, retry: true });
  },
};

function agentOf(world: World): string {
  return [...world.state.agents.keys()][0] ?? "";
}

function suspend({ world }: Scene): void {
  world.must({ type: "agent.suspend", agent: agentOf(world), reason: "maintenance" });
}

/** Does every step of the task `first` but the optional ones. */
function doSteps(world: World, { worker, task }: { readonly worker: Spawned; readonly task: string }): void {
  world.settle(world.request(worker, { task, step: "look" }));
  const outside = { task, step: "probe", claims: ["fs.read:/elsewhere"] };
  world.ask({ ...requestDraft(worker), ...outside }, worker);
}

function requestDraft(worker: Spawned): Draft {
  return {
    type: "effect.request",
    kind: "tool",
    label: "probe",
    agent: worker.agent,
    task: null,
    step: null,
    tool: "reader",
    arguments: someContent,
    claims: [],
    reserve: {},
    budget: worker.budget,
    timeoutMs: 10,
    inputs: [],
  };
}

/** One table for each operation of this area. */
export const taskTables: readonly Table[] = [
  {
    operation: "task.schedule",
    scene: () => {
      const { world, worker } = inhabited();
      const draft = { type: "task.schedule", agent: worker.agent, key: "first", description: someContent };
      return { world, draft: { ...draft, priority: "critical" }, by: worker };
    },
    rows: [
      fields("agent_unknown", { agent: "agent-900-0" }),
      stranger("agent_not_controlled"),
      fields("task_not_declared", { key: "ninth" }, [["task_exists"], "what is not declared was never scheduled"]),
      { code: "task_exists", breaks: ({ world, draft, by }) => void world.must(draft, by) },
      noRoomFor("tasksMax"),
    ],
  },
  {
    operation: "task.start",
    scene: () => {
      const { world, worker } = inhabited();
      return { world, draft: { type: "task.start", task: world.schedule(worker, "first"), inputs: go }, by: worker };
    },
    rows: [
      unknownTask,
      stranger("agent_not_controlled"),
      { code: "agent_suspended", breaks: suspend },
      {
        code: "task_not_scheduled",
        breaks: ({ world, draft, by }) => void world.must(draft, by),
      },
    ],
  },
  {
    operation: "task.start",
    when: "it was tried before",
    scene: () => {
      const { world, worker } = inhabited();
      return { world, draft: { type: "task.start", task: world.schedule(worker, "first"), inputs: go }, by: worker };
    },
    rows: [
      {
        code: "task_not_due",
        breaks: ({ world, draft, by }) => {
          world.must(draft, by);
          world.must({ type: "task.fail", task: draft["task"], reason: "other", message: null, retry: true }, by);
        },
      },
    ],
  },
  {
    operation: "task.start",
    when: "it comes after another and has a condition",
    scene: () => {
      const { world, worker } = inhabited();
      const first = world.start(worker, "first");
      doSteps(world, { worker, task: first });
      world.must({ type: "task.complete", task: first, result: null, inputs: noGo }, worker);
      return { world, draft: { type: "task.start", task: world.schedule(worker, "second"), inputs: go }, by: worker };
    },
    rows: [
      {
        code: "task_waits",
        breaks: (scene) => {
          const worker = scene.world.spawn();
          scene.by = worker;
          scene.draft = { ...scene.draft, task: scene.world.schedule(worker, "second") };
        },
      },
      fields("condition_not_met", { inputs: noGo }),
      {
        code: "limit_reached",
        breaks: ({ world }) => {
          const [agent] = [...world.state.agents.values()];
          if (agent === undefined) throw new Error("Cannot go on: found no agent");
          const worker = { agent: agent.id, principal: agent.principal, grant: agent.grant, budget: agent.budget };
          for (const key of ["third", "fourth"]) world.start(worker, key);
        },
      },
    ],
  },
  {
    operation: "task.report",
    scene: onTask("task.report", { key: "first", extra: { progressPermille: 500, note: null } }),
    rows: [unknownTask, stranger("agent_not_controlled"), notRunning],
  },
  {
    operation: "task.complete",
    scene: () => {
      const { world, worker } = inhabited();
      const task = world.start(worker, "first");
      doSteps(world, { worker, task });
      return { world, draft: { type: "task.complete", task, result: someContent, inputs: noGo }, by: worker };
    },
    rows: [unknownTask, stranger("agent_not_controlled"), notRunning, fields("step_unsettled", { inputs: [] })],
  },
  {
    operation: "task.fail",
    scene: onTask("task.fail", { key: "first", extra: { reason: "network-error", message: null, retry: true } }),
    rows: [unknownTask, stranger("agent_not_controlled"), notRunning],
  },
  {
    operation: "task.cancel",
    scene: () => {
      const { world, worker } = inhabited();
      const draft = { type: "task.cancel", task: world.schedule(worker, "second"), inputs: noGo };
      return { world, draft: { ...draft, reason: "condition-not-met" }, by: worker };
    },
    rows: [unknownTask, stranger("agent_not_controlled"), fields("condition_not_false", { inputs: go })],
  },
  {
    operation: "task.cancel",
    when: "its condition has no answer",
    scene: () => {
      const { world, worker } = inhabited();
      const draft = { type: "task.cancel", task: world.schedule(worker, "second"), inputs: noGo };
      return { world, draft: { ...draft, reason: "condition-not-met" }, by: worker };
    },
    rows: [fields("condition_not_false", { inputs: [] })],
  },
  {
    operation: "task.time-out",
    scene: () => {
      const { world, worker } = inhabited();
      const task = world.start(worker, "first");
      world.timeMs += 1_000;
      return { world, draft: { type: "task.time-out", task }, by: worker };
    },
    rows: [
      unknownTask,
      stranger("agent_not_controlled"),
      {
        code: "task_not_running",
        breaks: ({ world, draft }) => {
          world.must({ type: "task.fail", task: draft["task"], reason: "other", message: null, retry: true });
        },
        not: [["task_not_overdue"], "what does not run has no deadline"],
      },
      {
        code: "task_not_overdue",
        breaks: ({ world, draft }) => {
          const { task } = draft;
          world.must({ type: "task.fail", task, reason: "other", message: null, retry: true });
          world.timeMs += 1_000;
          world.must({ type: "task.start", task, inputs: [] });
        },
      },
    ],
  },
  {
    operation: "task.time-out",
    when: "a step waits for an approval",
    scene: () => {
      const { world, worker } = inhabited();
      const task = world.start(worker, "first");
      world.timeMs += 1_000;
      return { world, draft: { type: "task.time-out", task }, by: worker };
    },
    rows: [
      stranger("agent_not_controlled"),
      {
        code: "approval_pending",
        breaks: ({ world, draft }) => {
          const [agent] = [...world.state.agents.values()];
          if (agent === undefined) return;
          const { id, principal, grant, budget } = agent;
          const step = { task: draft["task"], step: "rule", inputs: go };
          world.awaited({ agent: id, principal, grant, budget }, step);
        },
      },
    ],
  },
  {
    operation: "objective.judge",
    scene: () => {
      const { world, worker } = inhabited();
      const draft = { type: "objective.judge", agent: worker.agent, objective: "counted", met: true, method: "cel" };
      return { world, draft: { ...draft, evidence: [], inputs: [{ name: "count", value: 2 }] }, by: root };
    },
    rows: [
      fields("agent_unknown", { agent: "agent-900-0" }),
      {
        code: "judge_is_subject",
        breaks: (scene) => {
          const { world } = scene;
          const parent = world.spawn();
          const { budget } = parent;
          scene.by = world.spawn({ parent: parent.agent, budget, allotment: {}, permissions: [] }, parent);
          if (scene.draft["agent"] !== "agent-900-0") scene.draft = { ...scene.draft, agent: parent.agent };
        },
      },
      stranger("agent_not_controlled"),
      fields("objective_not_declared", { objective: "hidden" }, [
        ["method_not_declared", "verdict_contradicts_predicate"],
        "what is not declared has neither",
      ]),
      fields("method_not_declared", { method: "file" }),
      fields("verdict_contradicts_predicate", { met: false }),
    ],
  },
  {
    operation: "objective.judge",
    when: "the predicate has no answer",
    scene: () => {
      const { world, worker } = inhabited();
      const draft = { type: "objective.judge", agent: worker.agent, objective: "counted", met: true, method: "cel" };
      return { world, draft: { ...draft, evidence: [], inputs: [{ name: "count", value: 2 }] }, by: root };
    },
    rows: [fields("verdict_contradicts_predicate", { inputs: [] })],
  },
];
