/** `task.schedule`: puts a declared task of an agent's definition on its list; each key once in the agent's life. */
import { oneOf, record } from "../codec/shape.ts";
import { content, id, key } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, controlled, full, type OperationKind, refuse } from "../decision.ts";
import { priority } from "../definition-shape.ts";
import type { Priority } from "../definition.ts";
import type { AgentId } from "../ids.ts";
import { own } from "../predicate/facts.ts";

/** Schedules a task. */
export interface TaskSchedule {
  readonly type: "task.schedule";
  readonly agent: AgentId;
  readonly key: string;
  readonly description: Content;
  readonly priority: Priority;
}

/** How it is read and decided. */
export const taskSchedule: OperationKind<TaskSchedule> = {
  shape: record<TaskSchedule>({
    type: oneOf("task.schedule"),
    agent: id("agent"),
    key,
    description: content,
    priority,
  }),
  decide: (state, operation, moment) => {
    const { agent: id, key: which } = operation;
    const asked = controlled(state, { moment, agent: id });
    if ("refused" in asked) return asked;
    const { agent } = asked;
    const declared = state.definitions.get(agent.definition)?.part.tasks.some((part) => part.key === which);
    if (declared !== true) return refuse({ code: "task_not_declared", key: which });
    const before = state.lookup.task(id, which) ?? own(agent.tasks, which);
    if (before !== undefined) return refuse({ code: "task_exists", key: which, status: before.status });
    const over = full("tasksMax", { state, count: state.tasks.size });
    if (over !== undefined) return refuse(over);
    return accept({ type: "task.scheduled", schema: 1, task: moment.fresh("task"), agent: id, key: which });
  },
};
