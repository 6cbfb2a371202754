/** `task.report`: how far a running task is. */
import { integer, nullable, oneOf, record } from "../codec/shape.ts";
import { content, id } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, type OperationKind } from "../decision.ts";
import type { TaskId } from "../ids.ts";
import { runningTask } from "../tasks.ts";

/** Reports progress. */
export interface TaskReport {
  readonly type: "task.report";
  readonly task: TaskId;
  /** 0..1000 */
  readonly progressPermille: number;
  readonly note: Content | null;
}

/** How it is read and decided. */
export const taskReport: OperationKind<TaskReport> = {
  shape: record<TaskReport>({
    type: oneOf("task.report"),
    task: id("task"),
    progressPermille: integer(0, 1000),
    note: nullable(content),
  }),
  decide: (state, { task, progressPermille }, moment) => {
    const at = runningTask(state, { task, moment });
    if ("refused" in at) return at;
    return accept({ type: "task.reported", schema: 1, task, agent: at.agent.id, progressPermille });
  },
};
