/** `task.start`: begins an attempt at a task. */
import { oneOf, record } from "../codec/shape.ts";
import { id, inputs } from "../codec/shapes.ts";
import type { Input } from "../content.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { AgentId, TaskId } from "../ids.ts";
import type { LiveState } from "../state/live-state.ts";
import { evaluate } from "../predicate/evaluate.ts";
import { factsOf, own } from "../predicate/facts.ts";
import type { Agent } from "../state/entities.ts";
import { liveTask } from "../tasks.ts";

/** Starts a scheduled task. */
export interface TaskStart {
  readonly type: "task.start";
  readonly task: TaskId;
  /** Attested values for the task's `when`. */
  readonly inputs: readonly Input[];
}

/** How it is read and decided. */
export const taskStart: OperationKind<TaskStart> = {
  shape: record<TaskStart>({ type: oneOf("task.start"), task: id("task"), inputs }),
  starts: true,
  decide: (state, { task: id, inputs: given }, moment) => {
    const at = liveTask(state, { task: id, moment });
    if ("refused" in at) return at;
    const { task, agent, part } = at;
    if (agent.state === "suspended") return refuse({ code: "agent_suspended", agent: agent.id });
    if (task.status !== "scheduled") return refuse({ code: "task_not_scheduled", task: id });
    if (task.notBeforeMs > moment.timeMs) return refuse({ code: "task_not_due", notBeforeMs: task.notBeforeMs });
    const waiting = part.after.find((before) => !isBehind(agent, before));
    if (waiting !== undefined) return refuse({ code: "task_waits", after: waiting });
    if (part.when !== undefined) {
      const { holds, error } = evaluate(part.when, factsOf(agent, { state, task, inputs: given }));
      if (!holds) return refuse({ code: "condition_not_met", error });
    }
    const max = state.definitions.get(agent.definition)?.part.limits.openTasksMax ?? 0;
    const open = runningTasks(state, agent.id);
    if (open >= max) return refuse({ code: "limit_reached", limit: "openTasksMax", max });
    const { key: which } = task;
    const attempt = task.attempt + 1;
    return accept({ type: "task.started", schema: 1, task: id, agent: agent.id, key: which, attempt });
  },
};

function isBehind(agent: Agent, before: string): boolean {
  const status = own(agent.tasks, before)?.status;
  return status === "completed" || status === "skipped";
}

function runningTasks(state: LiveState, agent: AgentId): number {
  let running = 0;
  for (const id of state.index.tasksOfAgent.idsOf(agent)) {
    if (state.tasks.get(id)?.status === "running") running += 1;
  }
  return running;
}
