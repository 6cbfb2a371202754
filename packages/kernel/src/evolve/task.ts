/** What events of tasks and objectives do to the state. */
import type { Content } from "../content.ts";
import type { TaskEvent, TaskReported, TaskStarted } from "../events/task.ts";
import type { TaskId } from "../ids.ts";
import type { StepState, TaskEnd, TaskSummary } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of tasks or objectives. */
export function evolveTask(state: LiveState, event: TaskEvent, cause: Cause): void {
  switch (event.type) {
    case "task.scheduled":
      return scheduled(state, event.task, cause);
    case "task.started":
      return started(state, event, cause.timeMs);
    case "task.reported":
      return reported(state, event);
    case "task.completed": {
      const { result } = askedFor(cause, "task.complete");
      return finish(state, event.task, { status: "completed", result });
    }
    case "task.failed":
      return endAttempt(state, event, "failed");
    case "task.timed-out":
      return endAttempt(state, event, "timed-out");
    case "task.cancelled":
      return finish(state, event.task, { status: event.status, result: null });
    case "objective.judged": {
      const agent = rowOf(state.agents, event.agent);
      const verdict = { met: event.met, position: cause.position };
      return state.table.agents.replace(agent, {
        ...agent,
        objectives: withKey(agent.objectives, [event.objective, verdict]),
      });
    }
  }
}

/** Sets where a step stands. */
export function setStep(
  state: LiveState,
  options: { readonly task: TaskId; readonly step: string; readonly to: StepState },
): void {
  const task = state.tasks.get(options.task);
  // The task may be over while an effect of it was still in flight.
  if (task === undefined) return;
  state.table.tasks.replace(task, { ...task, steps: withKey(task.steps, [options.step, options.to]) });
}

function scheduled(state: LiveState, id: TaskId, cause: Cause): void {
  const { agent, key, description, priority } = askedFor(cause, "task.schedule");
  state.table.tasks.put({
    id,
    agent,
    key,
    description,
    priority,
    status: "scheduled",
    attempt: 0,
    notBeforeMs: 0,
    startedAtMs: null,
    progressPermille: 0,
    steps: {},
  });
}

function started(state: LiveState, { task: id, attempt }: TaskStarted, timeMs: number): void {
  const task = rowOf(state.tasks, id);
  const status = "running";
  state.table.tasks.replace(task, {
    ...task,
    status,
    attempt,
    notBeforeMs: 0,
    startedAtMs: timeMs,
    progressPermille: 0,
  });
}

function reported(state: LiveState, { task: id, progressPermille }: TaskReported): void {
  const task = rowOf(state.tasks, id);
  state.table.tasks.replace(task, { ...task, progressPermille });
}

function endAttempt(
  state: LiveState,
  event: { readonly task: TaskId; readonly retryAtMs: number | null },
  status: TaskEnd,
): void {
  if (event.retryAtMs === null) return finish(state, event.task, { status, result: null });
  const task = rowOf(state.tasks, event.task);
  // What succeeded is not done again, what is in flight is waited for, the rest is asked for anew.
  const kept = Object.entries(task.steps).filter(([, { status: at }]) => isKept(at));
  return state.table.tasks.put({
    ...task,
    status: "scheduled",
    notBeforeMs: event.retryAtMs,
    startedAtMs: null,
    steps: Object.fromEntries(kept),
  });
}

function isKept(status: StepState["status"]): boolean {
  return status === "succeeded" || status === "requested" || status === "awaiting";
}

function finish(
  state: LiveState,
  id: TaskId,
  { status, result }: { readonly status: TaskEnd; readonly result: Content | null },
): void {
  const { agent: agentId, key, attempt, steps } = rowOf(state.tasks, id);
  const agent = rowOf(state.agents, agentId);
  const summary: TaskSummary = { task: id, status, attempt, result, steps };
  state.table.tasks.drop(id);
  state.table.agents.replace(agent, { ...agent, tasks: withKey(agent.tasks, [key, summary]) });
}

// Keys are of the shape `key`, none of which objects inherit, so they can be assigned. Rows of many labels are of many layouts, for
// which a literal with a spread and a computed key takes five times as long.
function withKey<T>(
  record: { readonly [key: string]: T },
  [key, value]: readonly [string, T],
): { readonly [key: string]: T } {
  const next: { [key: string]: T } = Object.assign({}, record);
  next[key] = value;
  return next;
}
