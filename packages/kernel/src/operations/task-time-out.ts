/** `task.time-out`: an attempt ran longer than its declared timeout; with attempts left the task is scheduled again. */
import type { TaskId } from "../ids.ts";

/** Times a running task out. */
export interface TaskTimeOut {
  readonly type: "task.time-out";
  readonly task: TaskId;
}
