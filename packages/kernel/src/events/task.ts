/** Events of tasks and objectives. What an event leaves out stands in the operation of the same entry. */
import type { AgentId, TaskId } from "../ids.ts";
import type { TaskCancelReason, TaskFailReason } from "../reasons.ts";

/** A task is on the list of its agent. */
export interface TaskScheduled {
  readonly type: "task.scheduled";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly key: string;
}

/** An attempt at a task began. */
export interface TaskStarted {
  readonly type: "task.started";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly key: string;
  readonly attempt: number;
}

/** A task is this far. */
export interface TaskReported {
  readonly type: "task.reported";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly progressPermille: number;
}

/** A task is done. */
export interface TaskCompleted {
  readonly type: "task.completed";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly key: string;
}

/** An attempt failed; with `retryAtMs`, a moment, the task is scheduled again. */
export interface TaskFailed {
  readonly type: "task.failed";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly key: string;
  readonly reason: TaskFailReason;
  readonly retryAtMs: number | null;
}

/** A task was given up, or skipped because its own condition does not hold. */
export interface TaskCancelled {
  readonly type: "task.cancelled";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly key: string;
  readonly status: "cancelled" | "skipped";
  readonly reason: TaskCancelReason;
}

/** An attempt took too long; with `retryAtMs`, a moment, the task is scheduled again. */
export interface TaskTimedOut {
  readonly type: "task.timed-out";
  readonly schema: 1;
  readonly task: TaskId;
  readonly agent: AgentId;
  readonly key: string;
  readonly retryAtMs: number | null;
}

/** An objective was judged; `decided` when a recorded predicate gave the verdict. */
export interface ObjectiveJudged {
  readonly type: "objective.judged";
  readonly schema: 1;
  readonly agent: AgentId;
  readonly objective: string;
  readonly met: boolean;
  readonly decided: boolean;
}

/** The events of this area. */
export type TaskEvent =
  | TaskScheduled
  | TaskStarted
  | TaskReported
  | TaskCompleted
  | TaskFailed
  | TaskCancelled
  | TaskTimedOut
  | ObjectiveJudged;
