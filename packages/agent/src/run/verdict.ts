/** What a condition comes to for an agent: the same facts and the same evaluation that the kernel decides with. */
import {
  evaluate,
  type Agent,
  type Input,
  type Predicate,
  type PredicateValue,
  type StepState,
  type Task,
} from "@toka/kernel";
import type { Condition } from "../cel/condition.ts";

/** Where the facts come from. */
export interface FactSource {
  readonly agent: Agent;
  /** Tasks of the agent that are scheduled or running. */
  readonly tasks: readonly Task[];
}

/**
 * Decides a task's or step's `when`.
 * @returns "true", also for no condition; "false" when it is definitely false; otherwise the error that kept it from being decided
 */
export function verdictOf(
  condition: Condition | null,
  { view, task, inputs }: { readonly view: FactSource; readonly task: Task | null; readonly inputs: readonly Input[] },
): string {
  return condition === null ? "true" : decide(condition.predicate, { view, task, inputs });
}

/**
 * Decides a predicate about an agent.
 * @returns "true", "false" or the error that kept it from being decided
 */
export function decide(
  predicate: Predicate,
  { view, task, inputs }: { readonly view: FactSource; readonly task: Task | null; readonly inputs: readonly Input[] },
): string {
  const verdict = evaluate(predicate, (fact) => factOf(fact, { view, task, inputs }));
  return verdict.error ?? String(verdict.holds);
}

function factOf(
  fact: string,
  { view, task, inputs }: { readonly view: FactSource; readonly task: Task | null; readonly inputs: readonly Input[] },
): PredicateValue | undefined {
  const [area, ...rest] = fact.split(".");
  if (area === "inputs") return inputs.find((input) => input.name === rest.join("."))?.value;
  if (area === "attempt") return task?.attempt;
  if (area === "steps") return task === null ? undefined : stepFact(task.steps, rest);
  const [key = "", what, ...further] = rest;
  const known =
    (Object.hasOwn(view.agent.tasks, key) ? view.agent.tasks[key] : undefined) ??
    view.tasks.find((live) => live.key === key);
  if (area !== "tasks" || known === undefined) return undefined;
  return what === "status" ? known.status : stepFact(known.steps, further);
}

function stepFact(
  steps: { readonly [label: string]: StepState },
  [label = "", what]: readonly string[],
): PredicateValue | undefined {
  const step = Object.hasOwn(steps, label) ? steps[label] : undefined;
  return what === "code" ? (step?.code ?? undefined) : step?.status;
}
