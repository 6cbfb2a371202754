/**
 * `task.cancel`: a task is given up. With the reason condition-not-met it counts as skipped, and its own `when` must be
 * definitely false.
 */
import { oneOf, record } from "../codec/shape.ts";
import { id, inputs } from "../codec/shapes.ts";
import type { Input } from "../content.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { TaskId } from "../ids.ts";
import { evaluate } from "../predicate/evaluate.ts";
import { factsOf } from "../predicate/facts.ts";
import type { TaskCancelReason } from "../reasons.ts";
import { liveTask } from "../tasks.ts";

/** Cancels a live task. */
export interface TaskCancel {
  readonly type: "task.cancel";
  readonly task: TaskId;
  readonly reason: TaskCancelReason;
  /** Attested values for the task's `when`. */
  readonly inputs: readonly Input[];
}

/** How it is read and decided. */
export const taskCancel: OperationKind<TaskCancel> = {
  shape: record<TaskCancel>({
    type: oneOf("task.cancel"),
    task: id("task"),
    reason: oneOf(
      "condition-not-met",
      "dependency-failed",
      "not-needed",
      "superseded",
      "agent-ended",
      "operator",
      "other",
    ),
    inputs,
  }),
  decide: (state, { task: id, reason, inputs: given }, moment) => {
    const at = liveTask(state, { task: id, moment });
    if ("refused" in at) return at;
    const { task, agent, part } = at;
    const skips = reason === "condition-not-met";
    if (skips) {
      const facts = factsOf(agent, { state, task, inputs: given });
      const { holds, error } = part.when === undefined ? { holds: true, error: null } : evaluate(part.when, facts);
      if (holds || error !== null) return refuse({ code: "condition_not_false", error });
    }
    const status = skips ? "skipped" : "cancelled";
    return accept({ type: "task.cancelled", schema: 1, task: id, agent: agent.id, key: task.key, status, reason });
  },
};
