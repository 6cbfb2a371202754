/** Where the facts of a predicate come from: what the state knows of an agent and a task, and what the caller attested. */
import type { Input } from "../content.ts";
import type { Agent, StepState, Task } from "../state/entities.ts";
import type { KernelState } from "../state/state.ts";
import type { Facts } from "./evaluate.ts";
import type { PredicateValue } from "./predicate.ts";

/**
 * The facts about an agent, and about one of its live tasks.
 *
 * @param agent whose `tasks.` they are
 * @param options the state, the task whose `attempt` and `steps.` they are, and the attested `inputs.`
 * @returns a function that looks a fact up
 */
export function factsOf(
  agent: Agent,
  options: { readonly state: KernelState; readonly task: Task | null; readonly inputs: readonly Input[] },
): Facts {
  const { state, task, inputs } = options;
  return (fact) => {
    const [area, ...rest] = fact.split(".");
    switch (area) {
      case "inputs":
        return inputs.find((input) => input.name === rest.join("."))?.value;
      case "attempt":
        return task?.attempt;
      case "steps":
        return task === null ? undefined : stepFact(task.steps, rest);
      case "tasks":
        return taskFact(agent, { state, path: rest });
      default:
        return undefined;
    }
  };
}

/**
 * A value of a record by a key that may be anybody's.
 *
 * @returns the record's own value, never an inherited one
 */
export function own<T>(record: { readonly [key: string]: T }, key: string): T | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function taskFact(
  agent: Agent,
  { state, path }: { readonly state: KernelState; readonly path: readonly string[] },
): PredicateValue | undefined {
  const [key = "", what, ...rest] = path;
  const task = own(agent.tasks, key) ?? state.lookup.task(agent.id, key);
  if (task === undefined) return undefined;
  return what === "status" ? task.status : stepFact(task.steps, rest);
}

function stepFact(
  steps: { readonly [label: string]: StepState },
  [label = "", what]: readonly string[],
): PredicateValue | undefined {
  const step = own(steps, label);
  if (step === undefined) return undefined;
  return what === "code" ? (step.code ?? undefined) : step.status;
}
