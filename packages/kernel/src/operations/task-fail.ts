/** `task.fail`: an attempt failed; with `retry` and attempts left the task is scheduled again after its backoff. */
import type { Content } from "../content.ts";
import type { TaskId } from "../ids.ts";

/** Fails an attempt at a task. */
export interface TaskFail {
  readonly type: "task.fail";
  readonly task: TaskId;
  readonly reason: TaskFailReason;
  readonly message: Content | null;
  readonly retry: boolean;
}

/** Why an attempt failed. */
export type TaskFailReason =
  | "invalid-input"
  | "resource-unavailable"
  | "permission-denied"
  | "network-error"
  | "file-system-error"
  | "agent-error"
  | "system-error"
  | "other";
