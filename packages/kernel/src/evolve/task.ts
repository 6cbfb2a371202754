/** What events of tasks and objectives do to the state. */
import type { Content } from "../content.ts";
import type { TaskEvent } from "../events/task.ts";
import type { TaskId } from "../ids.ts";
import type { StepState, Task, TaskEnd } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { changeAgent } from "./agent.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of tasks or objectives. */
export function evolveTask(state: LiveState, event: TaskEvent, cause: Cause): void {
  switch (event.type) {
    case "task.scheduled":
      return scheduled(state, event.task, cause);
    case "task.started":
      return changeTask(state, event.task, {
        status: "running",
        attempt: event.attempt,
        notBeforeMs: 0,
        startedAtMs: cause.timeMs,
        progressPermille: 0,
      });
    case "task.reported":
      return changeTask(state, event.task, { progressPermille: event.progressPermille });
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
      const { objectives } = rowOf(state.agents, event.agent);
      const verdict = { met: event.met, position: cause.position };
      return changeAgent(state, { id: event.agent, objectives: { ...objectives, [event.objective]: verdict } });
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
  state.table.tasks.put({ ...task, steps: { ...task.steps, [options.step]: options.to } });
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

function changeTask(state: LiveState, task: TaskId, change: Partial<Task>): void {
  state.table.tasks.put({ ...rowOf(state.tasks, task), ...change });
}

function endAttempt(
  state: LiveState,
  event: { readonly task: TaskId; readonly retryAtMs: number | null },
  status: TaskEnd,
): void {
  if (event.retryAtMs === null) return finish(state, event.task, { status, result: null });
  const { steps } = rowOf(state.tasks, event.task);
  // What succeeded is not done again, what is in flight is waited for, the rest is asked for anew.
  const kept = Object.entries(steps).filter(([, { status: at }]) => at === "succeeded" || at === "requested");
  return changeTask(state, event.task, {
    status: "scheduled",
    notBeforeMs: event.retryAtMs,
    startedAtMs: null,
    steps: Object.fromEntries(kept),
  });
}

function finish(
  state: LiveState,
  id: TaskId,
  { status, result }: { readonly status: TaskEnd; readonly result: Content | null },
): void {
  const { agent, key, attempt, steps } = rowOf(state.tasks, id);
  const { tasks } = rowOf(state.agents, agent);
  state.table.tasks.drop(id);
  changeAgent(state, { id: agent, tasks: { ...tasks, [key]: { task: id, status, attempt, result, steps } } });
}
