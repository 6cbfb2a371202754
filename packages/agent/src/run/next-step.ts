/**
 * What an agent does next: a pure function of what the log says. It keeps no memory of its own, so that after a crash at
 * any point the same function goes on from where the log stands, and repeats no step that is over.
 */
import type {
  Agent,
  AgentId,
  Content,
  Effect,
  Input,
  Refusal,
  RunId,
  StepState,
  Task,
  TaskCancelReason,
  TaskFailReason,
  TaskId,
} from "@toka/kernel";
import type { KnownTools } from "../crew/check-calls.ts";
import type { Program } from "../compile.ts";
import type { StepDefinition, TaskDefinition } from "../definition/agent-definition.ts";
import { priorities } from "../definition/agent-schema.ts";
import { fillTemplate, isJsonRecord, type Json, type TemplateValues } from "../definition/template.ts";
import { fillSays, type Said } from "./fill-says.ts";
import { verdictOf } from "./verdict.ts";

/** Everything that the next step depends on. */
export interface AgentView {
  readonly agent: Agent;
  /** Its tasks that are scheduled or running, in the order they were scheduled. */
  readonly tasks: readonly Task[];
  /** Its effects that are not settled. */
  readonly effects: readonly Effect[];
  /** Effective time, ms since 1970. */
  readonly nowMs: number;
  readonly program: Program;
  readonly tools: KnownTools;
  /** Live agents of its session, by name. */
  readonly companions: ReadonlyMap<string, AgentId>;
  /** The value at `path` in a step's result; undefined when there is none. */
  result(step: string, path: readonly string[]): Json | undefined;
}

/** One operation that the agent asks for next. Texts in it are sealed as payloads when it is submitted. */
export type Move =
  | { readonly type: "run.start" }
  | { readonly type: "run.end"; readonly run: RunId; readonly outcome: "completed" | "failed" }
  | { readonly type: "task.schedule"; readonly task: TaskDefinition }
  | { readonly type: "task.start"; readonly task: TaskId; readonly inputs: readonly Input[] }
  | {
      readonly type: "task.complete";
      readonly task: TaskId;
      readonly result: Content | null;
      readonly inputs: readonly Input[];
      /** Said in the same entry: all of it when the task is completed, and nothing else. */
      readonly says: readonly Said[];
    }
  | {
      readonly type: "task.fail";
      readonly task: TaskId;
      readonly reason: TaskFailReason;
      readonly message: string;
      readonly retry: boolean;
    }
  | {
      readonly type: "task.cancel";
      readonly task: TaskId;
      readonly reason: TaskCancelReason;
      readonly inputs: readonly Input[];
    }
  | { readonly type: "task.time-out"; readonly task: TaskId }
  | {
      readonly type: "effect.request";
      readonly task: TaskId;
      readonly step: StepDefinition;
      readonly request: StepRequest;
    };

/** A step's call with its arguments filled in. */
export interface StepRequest {
  readonly arguments: Json;
  readonly plan: Exclude<ReturnType<KnownTools["plan"]>, { readonly problem: string }>;
  readonly inputs: readonly Input[];
}

/** What comes next: operations to submit in order, a wait for the log to grow or for a moment, or nothing more. */
export type NextStep =
  | { readonly type: "submit"; readonly moves: readonly Move[] }
  | { readonly type: "wait"; readonly untilMs: number | null }
  | { readonly type: "done"; readonly outcome: "completed" | "failed" };

/**
 * Decides what the agent does next.
 * @returns operations, a wait or the end
 */
export function nextStep(view: AgentView): NextStep {
  const { agent, program } = view;
  if (agent.state === "suspended") return { type: "wait", untilMs: null };
  const { tasks } = program.definition;
  const over = tasks.every((task) => agent.tasks[task.key] !== undefined);
  if (over) {
    const outcome = tasks.every((task) => endedWell(agent, task.key)) ? "completed" : "failed";
    return agent.run === null
      ? { type: "done", outcome }
      : { type: "submit", moves: [{ type: "run.end", run: agent.run, outcome }] };
  }
  if (agent.run === null) return { type: "submit", moves: [{ type: "run.start" }] };
  const running = view.tasks.find((task) => task.status === "running");
  if (running !== undefined) return continueTask(view, running);
  const unscheduled = tasks.filter(
    (task) => agent.tasks[task.key] === undefined && !view.tasks.some((live) => live.key === task.key),
  );
  if (unscheduled.length > 0)
    return { type: "submit", moves: unscheduled.map((task) => ({ type: "task.schedule", task })) };
  return beginTask(view);
}

/**
 * Tells whether a task that is over lets those after it go on.
 * @returns true when it was completed, or left out by its own condition
 */
export function endedWell(agent: Agent, key: string): boolean {
  const status = agent.tasks[key]?.status;
  return status === "completed" || status === "skipped";
}

function beginTask(view: AgentView): NextStep {
  let earliestMs: number | null = null;
  const order = new Map(
    view.program.definition.tasks.map((task, index) => [task.key, priorities.indexOf(task.priority) * 1000 + index]),
  );
  const scheduled = [...view.tasks].sort((left, right) => (order.get(left.key) ?? 0) - (order.get(right.key) ?? 0));
  for (const task of scheduled) {
    const definition = view.program.definition.tasks.find((known) => known.key === task.key);
    if (definition === undefined)
      return submit({ type: "task.cancel", task: task.id, reason: "not-needed", inputs: [] });
    if (definition.after.some((key) => view.agent.tasks[key] !== undefined && !endedWell(view.agent, key))) {
      return submit({ type: "task.cancel", task: task.id, reason: "dependency-failed", inputs: [] });
    }
    if (definition.after.some((key) => view.agent.tasks[key] === undefined)) continue;
    if (task.notBeforeMs > view.nowMs) {
      earliestMs = Math.min(earliestMs ?? task.notBeforeMs, task.notBeforeMs);
      continue;
    }
    const inputs = inputsOf(view, definition.when);
    const verdict = verdictOf(definition.when, { view, task, inputs });
    if (verdict === "true") return submit({ type: "task.start", task: task.id, inputs });
    return submit({
      type: "task.cancel",
      task: task.id,
      reason: verdict === "false" ? "condition-not-met" : "other",
      inputs,
    });
  }
  return { type: "wait", untilMs: earliestMs };
}

function continueTask(view: AgentView, task: Task): NextStep {
  const definition = view.program.definition.tasks.find((known) => known.key === task.key);
  if (definition === undefined) return submit({ type: "task.cancel", task: task.id, reason: "not-needed", inputs: [] });
  const deadlineMs = (task.startedAtMs ?? view.nowMs) + definition.timeoutMs;
  const excluded: Input[] = [];
  let last: Content | null = null;
  for (const step of definition.steps) {
    const state = Object.hasOwn(task.steps, step.label) ? task.steps[step.label] : undefined;
    // A later attempt finds here only what succeeded or is under way: the kernel forgets the rest, to be asked for anew.
    if (state === undefined) {
      const move = requestStep(view, { task, step });
      if (move !== "excluded")
        return view.nowMs > deadlineMs ? submit({ type: "task.time-out", task: task.id }) : submit(move);
      excluded.push(...inputsOf(view, step.when));
      continue;
    }
    // Somebody answers, or the kernel refuses it at its deadline; until then the attempt's own time stands still.
    if (state.status === "awaiting") return { type: "wait", untilMs: null };
    if (state.status === "requested") return awaitEffect(view, { task, state, deadlineMs });
    const failure = failureOf(step, state);
    if (failure !== null) return submit({ type: "task.fail", task: task.id, ...failure });
    last = state.result ?? last;
  }
  const inputs = [...new Map(excluded.map((input) => [input.name, input])).values()];
  const said = fillSays(definition.says, { values: valuesOf(view), companions: view.companions });
  if ("problem" in said) return submit(invalidInput(task.id, said.problem));
  return submit({ type: "task.complete", task: task.id, result: last, inputs, says: said.says });
}

function awaitEffect(
  view: AgentView,
  { task, state, deadlineMs }: { readonly task: Task; readonly state: StepState; readonly deadlineMs: number },
): NextStep {
  const effect = view.effects.find((live) => live.id === state.effect);
  if (effect?.status === "owed") {
    // Nobody knows what it did; asking again would guess, so the task ends and a person looks.
    return submit({
      type: "task.fail",
      task: task.id,
      reason: "system-error",
      message: `the outcome of effect ${effect.id} is unknown`,
      retry: false,
    });
  }
  return view.nowMs > deadlineMs
    ? submit({ type: "task.time-out", task: task.id })
    : { type: "wait", untilMs: deadlineMs + 1 };
}

function requestStep(
  view: AgentView,
  { task, step }: { readonly task: Task; readonly step: StepDefinition },
): Move | "excluded" {
  const inputs = inputsOf(view, step.when);
  const verdict = verdictOf(step.when, { view, task, inputs });
  if (verdict === "false") return "excluded";
  const fail = (message: string): Move => invalidInput(task.id, message);
  if (verdict !== "true") return fail(`the condition of step ${step.label} cannot be decided: ${verdict}`);
  const filled = fillTemplate(step.arguments, valuesOf(view));
  if ("problem" in filled) return fail(filled.problem);
  const plan = view.tools.plan(step.tool, isJsonRecord(filled.value) ? filled.value : {});
  if ("problem" in plan) return fail(`tool ${step.tool}: ${plan.problem}`);
  return { type: "effect.request", task: task.id, step, request: { arguments: filled.value, plan, inputs } };
}

function invalidInput(task: TaskId, message: string): Move {
  return { type: "task.fail", task, reason: "invalid-input", message, retry: false };
}

/**
 * What comes instead of a move that the kernel refused, where asking again would be refused again.
 * @returns the failure of a task that cannot say what it says, or undefined
 */
export function insteadOf(move: Move, refusal: Refusal): Move | undefined {
  if (move.type !== "task.complete" || move.says.length === 0 || refusal.code !== "batch_refused") return undefined;
  const { index, refusal: inner } = refusal;
  const say = move.says[index];
  if (say === undefined) return undefined;
  const short = inner.code === "limit_reached";
  return {
    type: "task.fail",
    task: move.task,
    reason: short ? "resource-unavailable" : "permission-denied",
    message: `step ${say.label} was refused: ${inner.code}`,
    retry: short,
  };
}

/**
 * What fills the holes of an agent's texts, from its folders and the results of its steps.
 * @returns the values as the log has them now
 */
export function valuesOf(view: Pick<AgentView, "agent" | "program" | "result">): TemplateValues {
  return {
    ...view.program.folders,
    session: view.agent.session ?? "",
    result: (step, path) => view.result(step, path),
  };
}

function failureOf(
  step: StepDefinition,
  state: StepState,
): { readonly reason: TaskFailReason; readonly message: string; readonly retry: boolean } | null {
  const code = state.code ?? "no code";
  if (step.expect === "refusal") {
    if (state.status === "refused") return null;
    return {
      reason: "agent-error",
      message: `step ${step.label} was to be refused, and ${state.status}`,
      retry: false,
    };
  }
  if (state.status === "succeeded") return null;
  if (state.status === "failed")
    return { reason: reasonOf(code), message: `step ${step.label} failed: ${code}`, retry: true };
  const short = code === "budget_exhausted" || code === "limit_reached";
  return {
    reason: short ? "resource-unavailable" : "permission-denied",
    message: `step ${step.label} was refused: ${code}`,
    retry: short,
  };
}

function reasonOf(code: string): TaskFailReason {
  return /^(?:cpu|memory|processes|output|written|wall|open|deadline|timed-out|limit)/u.test(code)
    ? "resource-unavailable"
    : "other";
}

function inputsOf(view: AgentView, condition: TaskDefinition["when"]): readonly Input[] {
  return (condition?.inputs ?? []).flatMap(({ name, step, path }) => {
    const value = attestable(view.result(step, path));
    return value === undefined ? [] : [{ name, value }];
  });
}

function submit(move: Move): NextStep {
  return { type: "submit", moves: [move] };
}

/** Characters of an attested text and items of an attested list, the kernel's bounds. */
const inputCharsMax = 1024;
const inputItemsMax = 256;

/**
 * Makes a result's value one that can be attested to the kernel.
 * @returns a scalar or a list of scalars within the kernel's bounds, or undefined for everything else
 */
export function attestable(value: Json | undefined): Input["value"] | undefined {
  if (typeof value === "string") return value.length <= inputCharsMax ? value : undefined;
  if (typeof value === "number" || typeof value === "boolean") return value;
  if (!Array.isArray(value) || value.length > inputItemsMax) return undefined;
  const items: (string | number | boolean)[] = [];
  for (const item of value) {
    if (typeof item === "string" && item.length <= inputCharsMax) items.push(item);
    else if (typeof item === "number" || typeof item === "boolean") items.push(item);
    else return undefined;
  }
  return items;
}
