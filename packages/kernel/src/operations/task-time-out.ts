/** `task.time-out`: an attempt ran longer than its declared timeout; with attempts left the task is scheduled again. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { TaskId } from "../ids.ts";
import { retryAt, runningTask } from "../tasks.ts";

/** Times a running task out. */
export interface TaskTimeOut {
  readonly type: "task.time-out";
  readonly task: TaskId;
}

/** How it is read and decided. */
export const taskTimeOut: OperationKind<TaskTimeOut> = {
  shape: record<TaskTimeOut>({ type: oneOf("task.time-out"), task: id("task") }),
  decide: (state, { task: id }, moment) => {
    const at = runningTask(state, { task: id, moment });
    if ("refused" in at) return at;
    const { task, agent, part } = at;
    const awaited = Object.values(task.steps).find(({ status }) => status === "awaiting")?.effect ?? null;
    // A person may take hours: the attempt's time goes on with the answer.
    if (awaited !== null) return refuse({ code: "approval_pending", effect: awaited });
    const deadlineMs = (task.startedAtMs ?? 0) + part.timeoutMs;
    if (moment.timeMs < deadlineMs) return refuse({ code: "task_not_overdue", deadlineMs });
    const retryAtMs = retryAt(at, moment.timeMs);
    return accept({ type: "task.timed-out", schema: 1, task: id, agent: agent.id, key: task.key, retryAtMs });
  },
};
