/** `task.complete`: a running task is done; every declared step is as expected or excluded by its own condition. */
import type { Content, Input } from "../content.ts";
import type { TaskId } from "../ids.ts";

/** Completes a task. */
export interface TaskComplete {
  readonly type: "task.complete";
  readonly task: TaskId;
  readonly result: Content | null;
  /** Attested values for the conditions of steps that were not asked for. */
  readonly inputs: readonly Input[];
}
