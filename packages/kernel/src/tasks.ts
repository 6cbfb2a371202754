/** What several operations on tasks ask of them. */
import { controlled } from "./decision.ts";
import type { Moment } from "./decision.ts";
import type { TaskPart } from "./definition.ts";
import { fault } from "./failure.ts";
import type { TaskId } from "./ids.ts";
import type { PlainRefusal } from "./refusal.ts";
import type { Agent, Task } from "./state/entities.ts";
import type { LiveState } from "./state/live-state.ts";

/** A live task with its agent and its declaration. */
export interface TaskAtHand {
  readonly task: Task;
  readonly agent: Agent;
  readonly part: TaskPart;
}

/**
 * The live task that an operation is about, if the asker may act on its agent.
 *
 * @returns the task, or the refusal: task_unknown, then agent_not_controlled
 */
export function liveTask(
  state: LiveState,
  options: { readonly task: TaskId; readonly moment: Moment },
): TaskAtHand | { readonly refused: PlainRefusal } {
  const task = state.tasks.get(options.task);
  if (task === undefined) return { refused: { code: "task_unknown", task: options.task } };
  const asked = controlled(state, { moment: options.moment, agent: task.agent });
  if ("refused" in asked) return asked;
  return { task, agent: asked.agent, part: partOf(state, { agent: asked.agent, key: task.key }) };
}

/**
 * The same, for operations on a running task.
 *
 * @returns the task, or the refusal: those of `liveTask`, then task_not_running
 */
export function runningTask(
  state: LiveState,
  options: { readonly task: TaskId; readonly moment: Moment },
): TaskAtHand | { readonly refused: PlainRefusal } {
  const at = liveTask(state, options);
  if ("refused" in at || at.task.status === "running") return at;
  return { refused: { code: "task_not_running", task: at.task.id } };
}

/**
 * The declaration of a task that was scheduled.
 *
 * @returns its part of the definition
 * @throws Fault when there is none: scheduling checks it, and a definition does not change
 */
export function partOf(state: LiveState, { agent, key }: { readonly agent: Agent; readonly key: string }): TaskPart {
  const part = state.definitions.get(agent.definition)?.part.tasks.find((declared) => declared.key === key);
  return part ?? fault(`the task ${key} of ${agent.id} is not declared`);
}

/**
 * When a task is tried again after the attempt under way.
 *
 * @param at the task and its declaration
 * @param timeMs effective time
 * @returns a moment, or null when its attempts are used up
 */
export function retryAt({ task, part }: TaskAtHand, timeMs: number): number | null {
  if (task.attempt >= part.attemptsMax) return null;
  let waitMs = part.backoff.firstMs;
  for (let attempt = 1; attempt < task.attempt && waitMs < part.backoff.maxMs; attempt += 1) waitMs *= 2;
  return timeMs + Math.min(waitMs, part.backoff.maxMs);
}
