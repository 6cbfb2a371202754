/**
 * `task.cancel`: a task is given up. With the reason condition-not-met it counts as skipped, and its own `when` must be
 * definitely false.
 */
import type { Input } from "../content.ts";
import type { TaskId } from "../ids.ts";

/** Cancels a live task. */
export interface TaskCancel {
  readonly type: "task.cancel";
  readonly task: TaskId;
  readonly reason: TaskCancelReason;
  /** Attested values for the task's `when`. */
  readonly inputs: readonly Input[];
}

/** Why a task is cancelled. */
export type TaskCancelReason =
  | "condition-not-met"
  | "dependency-failed"
  | "not-needed"
  | "superseded"
  | "agent-ended"
  | "operator"
  | "other";
