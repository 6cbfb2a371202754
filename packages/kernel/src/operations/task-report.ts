/** `task.report`: how far a running task is. */
import type { Content } from "../content.ts";
import type { TaskId } from "../ids.ts";

/** Reports progress. */
export interface TaskReport {
  readonly type: "task.report";
  readonly task: TaskId;
  /** 0..1000 */
  readonly progressPermille: number;
  readonly note: Content | null;
}
