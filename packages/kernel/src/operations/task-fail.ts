/** `task.fail`: an attempt failed; with `retry` and attempts left the task is scheduled again after its backoff. */
import { flag, nullable, oneOf, record } from "../codec/shape.ts";
import { content, id } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, type OperationKind } from "../decision.ts";
import type { TaskId } from "../ids.ts";
import type { TaskFailReason } from "../reasons.ts";
import { retryAt, runningTask } from "../tasks.ts";

/** Fails an attempt at a task. */
export interface TaskFail {
  readonly type: "task.fail";
  readonly task: TaskId;
  readonly reason: TaskFailReason;
  readonly message: Content | null;
  readonly retry: boolean;
}

/** How it is read and decided. */
export const taskFail: OperationKind<TaskFail> = {
  shape: record<TaskFail>({
    type: oneOf("task.fail"),
    task: id("task"),
    reason: oneOf(
      "invalid-input",
      "resource-unavailable",
      "permission-denied",
      "network-error",
      "file-system-error",
      "agent-error",
      "system-error",
      "other",
    ),
    message: nullable(content),
    retry: flag,
  }),
  decide: (state, { task, reason, retry }, moment) => {
    const at = runningTask(state, { task, moment });
    if ("refused" in at) return at;
    const retryAtMs = retry ? retryAt(at, moment.timeMs) : null;
    const { key: which } = at.task;
    return accept({ type: "task.failed", schema: 1, task, agent: at.agent.id, key: which, reason, retryAtMs });
  },
};
