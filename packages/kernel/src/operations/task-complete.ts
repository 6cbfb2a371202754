/** `task.complete`: a running task is done; every declared step is as expected or excluded by its own condition. */
import { nullable, oneOf, record } from "../codec/shape.ts";
import { content, id, inputs } from "../codec/shapes.ts";
import type { Content, Input } from "../content.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { StepPart } from "../definition.ts";
import type { TaskId } from "../ids.ts";
import { evaluate } from "../predicate/evaluate.ts";
import { factsOf, own } from "../predicate/facts.ts";
import type { StepState } from "../state/entities.ts";
import { runningTask } from "../tasks.ts";

/** Completes a task. */
export interface TaskComplete {
  readonly type: "task.complete";
  readonly task: TaskId;
  readonly result: Content | null;
  /** Attested values for the conditions of steps that were not asked for. */
  readonly inputs: readonly Input[];
}

/** How it is read and decided. */
export const taskComplete: OperationKind<TaskComplete> = {
  shape: record<TaskComplete>({
    type: oneOf("task.complete"),
    task: id("task"),
    result: nullable(content),
    inputs,
  }),
  decide: (state, { task: id, inputs: given }, moment) => {
    const at = runningTask(state, { task: id, moment });
    if ("refused" in at) return at;
    const { task, agent, part } = at;
    const facts = factsOf(agent, { state, task, inputs: given });
    for (const step of part.steps) {
      const stands = own(task.steps, step.label);
      if (isAsExpected(step, stands)) continue;
      // Only a definite no excludes a step: a fact that is missing would let anybody leave it out.
      const verdict = step.when === undefined || stands !== undefined ? undefined : evaluate(step.when, facts);
      if (verdict?.holds === false && verdict.error === null) continue;
      return refuse({ code: "step_unsettled", step: step.label, status: stands?.status ?? "not-requested" });
    }
    return accept({ type: "task.completed", schema: 1, task: id, agent: agent.id, key: task.key });
  },
};

function isAsExpected({ expect }: StepPart, stands: StepState | undefined): boolean {
  return stands?.status === (expect === "success" ? "succeeded" : "refused");
}
