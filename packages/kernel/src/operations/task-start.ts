/** `task.start`: begins an attempt at a task. */
import type { Input } from "../content.ts";
import type { TaskId } from "../ids.ts";

/** Starts a scheduled task. */
export interface TaskStart {
  readonly type: "task.start";
  readonly task: TaskId;
  /** Attested values for the task's `when`. */
  readonly inputs: readonly Input[];
}
