/** Reads a definition's inline part, and checks what it says about itself. */
import { integer, list, oneOf, optional, problem, record } from "./codec/shape.ts";
import type { Shape } from "./codec/shape.ts";
import { amounts, key, name, permissions, shortText, uniqueBy } from "./codec/shapes.ts";
import type { DefinitionPart, Lifecycle, ObjectivePart, StepPart, TaskPart } from "./definition.ts";
import { fixedLimits } from "./limits.ts";
import { predicate } from "./predicate/shape.ts";

/** A priority. */
export const priority: Shape<TaskPart["priority"]> = oneOf("critical", "high", "medium", "low");

/** How an objective is judged. */
export const judgeMethod: Shape<ObjectivePart["method"]> = oneOf("file", "content", "command", "cel");

const step: Shape<StepPart> = record<StepPart>({
  label: key,
  tool: name,
  when: optional(predicate),
  expect: oneOf("success", "refusal"),
});

const task: Shape<TaskPart> = record<TaskPart>({
  key,
  priority,
  after: uniqueBy(list(key, { max: fixedLimits.tasksPerDefinitionMax }), (item) => item),
  when: optional(predicate),
  attemptsMax: integer(1, fixedLimits.attemptsMax),
  backoff: record<TaskPart["backoff"]>({
    firstMs: integer(0, fixedLimits.taskSpanMsMax),
    maxMs: integer(0, fixedLimits.taskSpanMsMax),
  }),
  timeoutMs: integer(1, fixedLimits.taskSpanMsMax),
  steps: uniqueBy(list(step, { max: fixedLimits.stepsPerTaskMax }), (item) => item.label),
});

const lifecycle: Shape<Lifecycle> = record<Lifecycle>({
  initial: key,
  states: uniqueBy(list(key, { min: 1, max: fixedLimits.lifecycleStatesMax }), (state) => state),
  transitions: list(record<Lifecycle["transitions"][number]>({ from: key, to: key, when: optional(predicate) }), {
    max: fixedLimits.lifecycleTransitionsMax,
  }),
});

const fields: Shape<DefinitionPart> = record<DefinitionPart>({
  name,
  version: shortText,
  capabilities: optional(uniqueBy(list(key, { min: 1, max: fixedLimits.capabilitiesMax }), (one) => one)),
  domain: optional(key),
  permissions,
  allotment: amounts,
  tools: uniqueBy(list(name, { max: fixedLimits.toolsPerAgentMax }), (tool) => tool),
  lifecycle,
  limits: record<DefinitionPart["limits"]>({
    openTasksMax: integer(1, fixedLimits.openTasksMax),
    openEffectsMax: integer(1, fixedLimits.openEffectsMax),
  }),
  tasks: uniqueBy(list(task, { max: fixedLimits.tasksPerDefinitionMax }), (item) => item.key),
  objectives: uniqueBy(
    list(record<ObjectivePart>({ key, method: judgeMethod, predicate: optional(predicate) }), {
      max: fixedLimits.objectivesMax,
    }),
    (objective) => objective.key,
  ),
});

/**
 * Reads a definition's inline part.
 *
 * @returns it, with keys in canonical order
 * @throws Malformed also for a state, task or tool that is named but not declared, for tasks that wait for each other, and above 16 KiB
 */
export const definitionPart: Shape<DefinitionPart> = (value) => {
  const part = fields(value);
  checkLifecycle(part.lifecycle);
  checkTasks(part);
  const length = JSON.stringify(part).length;
  if (length > fixedLimits.definitionCharsMax) {
    throw problem(`${length} characters`, {
      path: "",
      wanted: `at most ${fixedLimits.definitionCharsMax}`,
      said: true,
    });
  }
  return part;
};

function checkLifecycle({ initial, states, transitions }: Lifecycle): void {
  if (!states.includes(initial)) throw problem(initial, { path: "lifecycle.initial", wanted: "a declared state" });
  for (const [index, { from, to }] of transitions.entries()) {
    const at = `lifecycle.transitions[${index}]`;
    if (!states.includes(from)) throw problem(from, { path: `${at}.from`, wanted: "a declared state" });
    if (!states.includes(to)) throw problem(to, { path: `${at}.to`, wanted: "a declared state" });
  }
}

function checkTasks({ tasks, tools }: DefinitionPart): void {
  const waiting = new Map(tasks.map((one) => [one.key, one.after]));
  for (const [index, { after, steps }] of tasks.entries()) {
    for (const [at, before] of after.entries()) {
      if (waiting.has(before)) continue;
      throw problem(before, { path: `tasks[${index}].after[${at}]`, wanted: "the key of a declared task" });
    }
    for (const [at, { tool }] of steps.entries()) {
      if (tools.includes(tool)) continue;
      throw problem(tool, { path: `tasks[${index}].steps[${at}].tool`, wanted: "one of the definition's tools" });
    }
  }
  const circle = firstCircle(waiting);
  if (circle !== undefined) throw problem(circle, { path: "tasks", wanted: "tasks that do not wait for themselves" });
}

/**
 * Finds something that waits for itself.
 *
 * @param waiting what each waits for; all that is waited for has a row
 * @returns one that cannot be reached by doing first what waits for nothing, or undefined
 */
export function firstCircle(waiting: ReadonlyMap<string, readonly string[]>): string | undefined {
  const left = new Map(waiting);
  for (let moved = true; moved;) {
    moved = false;
    for (const [one, after] of left) {
      if (after.some((before) => left.has(before))) continue;
      left.delete(one);
      moved = true;
    }
  }
  return left.keys().next().value;
}
