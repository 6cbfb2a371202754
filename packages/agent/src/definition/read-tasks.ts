/** Reads an agent file's tasks: names, order, conditions and the `${...}` of each step's arguments. */
import { fixedLimits } from "@toka/kernel";
import { type Problem, suggestion, type YamlSource } from "@toka/runtime";
import { readCondition, type Condition } from "../cel/condition.ts";
import type { ConditionNames } from "../cel/lower.ts";
import type { SayDefinition, StepDefinition, TaskDefinition } from "./agent-definition.ts";
import type { AgentFile, CallFile, ObserveFile, SendFile, TaskFile } from "./agent-schema.ts";
import { cyclesOf } from "./graph.ts";
import { nameFrom } from "./name-from.ts";
import { parseSpan } from "./quantities.ts";
import { eachText, parseTemplate, type Json } from "./template.ts";

/** Attempts at a task that does not say: the original's default. */
export const defaultAttempts = 3;
/** Waits between attempts that are not said: the original's first of 1 s and longest of 60 s. */
export const defaultBackoff: { readonly firstMs: number; readonly maxMs: number } = { firstMs: 1000, maxMs: 60_000 };
/** How long a task may take that does not say: the original's 300 s. */
export const defaultTaskTimeoutMs = 300_000;

interface Reading {
  readonly source: YamlSource;
  readonly problems: Problem[];
  /** Name of each step that calls a tool to the name of its task. */
  readonly steps: ReadonlyMap<string, string>;
  readonly keys: readonly string[];
  /** Task name to the tasks that are over before it starts. */
  readonly before: ReadonlyMap<string, ReadonlySet<string>>;
}

/**
 * Reads the tasks; what is wrong is added to `problems`.
 * @returns the tasks in the order of the file
 */
export function readTasks(
  source: YamlSource,
  { file, problems }: { readonly file: AgentFile; readonly problems: Problem[] },
): readonly TaskDefinition[] {
  const tasks = file.tasks.default;
  const keys = tasks.map((task) => task.name ?? nameFrom(task.description));
  const steps = new Map<string, string>();
  const labels = new Set<string>();
  keys.forEach((key, index) => {
    const at = source.locateKey(["tasks", "default", index, "name"]);
    if (key === "")
      problems.push({ at, message: "Cannot name the task: its description has no letters, so it needs a name" });
    else if (keys.indexOf(key) !== index)
      problems.push({ at, message: `Cannot use task "${key}": another task has that name` });
    tasks[index]?.steps.forEach((step, place) => {
      if (labels.has(step.name)) {
        problems.push({
          at: source.locate(["tasks", "default", index, "steps", place, "name"]),
          message: `Cannot use step "${step.name}": another step of the file has that name`,
        });
      } else if ("tool" in step) steps.set(step.name, key);
      labels.add(step.name);
    });
  });
  const graph = new Map(
    keys.map((key, index) => [key, checkAfter({ source, problems, keys, index, task: tasks[index] })]),
  );
  const cycle = cyclesOf(graph)[0];
  if (cycle !== undefined) {
    const at = source.locate(["tasks", "default", keys.indexOf(cycle[0] ?? ""), "dependencies"]);
    problems.push({
      at,
      message: `Cannot order the tasks: they wait for each other (${[...cycle, cycle[0]].join(" -> ")})`,
    });
    return [];
  }
  const reading: Reading = { source, problems, steps, keys, before: ancestorsOf(graph) };
  return tasks.map((task, index) => readTask(reading, task, index));
}

interface After {
  readonly source: YamlSource;
  readonly problems: Problem[];
  readonly keys: readonly string[];
  readonly index: number;
  readonly task: TaskFile | undefined;
}

function checkAfter({ source, problems, keys, index, task }: After): readonly string[] {
  const known: string[] = [];
  (task?.dependencies ?? []).forEach((name, place) => {
    const at = source.locate(["tasks", "default", index, "dependencies", place]);
    if (!keys.includes(name))
      problems.push({ at, message: `Cannot wait for task "${name}": there is no such task${suggestion(name, keys)}` });
    else if (known.includes(name)) problems.push({ at, message: `Cannot wait for task "${name}": it is named twice` });
    else known.push(name);
  });
  return known;
}

function readTask(reading: Reading, task: TaskFile, index: number): TaskDefinition {
  const key = reading.keys[index] ?? "";
  const path = ["tasks", "default", index];
  const earlier = new Set(
    [...reading.steps].filter(([, owner]) => reading.before.get(key)?.has(owner) === true).map(([step]) => step),
  );
  const when = readWhen(reading, { text: task.when, path: [...path, "when"], task: key, visible: earlier });
  const steps: StepDefinition[] = [];
  const says: SayDefinition[] = [];
  task.steps.forEach((step, place) => {
    const at = { path: [...path, "steps", place], task: key, visible: new Set(earlier) };
    if (!("tool" in step)) {
      says.push(readSay(reading, step, at));
      return;
    }
    if (says.length > 0) {
      const message = `Cannot use step "${step.name}": what a task says is said when it is completed, so that its calls come first`;
      reading.problems.push({ at: reading.source.locate([...at.path, "name"]), message });
    }
    steps.push(readStep(reading, step, at));
    earlier.add(step.name);
  });
  // What the conditions of a task read from results is attested in one operation at its end.
  const read = new Set(
    [when, ...steps.map((step) => step.when)].flatMap((one) => one?.inputs.map(({ name }) => name) ?? []),
  );
  if (read.size > fixedLimits.inputsMax) {
    const message = `Cannot use task "${key}": its conditions read ${read.size} results, at most ${fixedLimits.inputsMax} are allowed`;
    reading.problems.push({ at: reading.source.locate(path), message });
  }
  return {
    key,
    description: task.description,
    priority: task.priority ?? "medium",
    after: task.dependencies ?? [],
    when,
    attemptsMax: task.attempts ?? defaultAttempts,
    backoff: {
      firstMs: task.backoff === undefined ? defaultBackoff.firstMs : (parseSpan(task.backoff.first) ?? 0),
      maxMs: task.backoff === undefined ? defaultBackoff.maxMs : (parseSpan(task.backoff.max) ?? 0),
    },
    timeoutMs: task.timeout === undefined ? defaultTaskTimeoutMs : (parseSpan(task.timeout) ?? 0),
    steps,
    says,
  };
}

interface StepPlace {
  readonly path: readonly PropertyKey[];
  readonly task: string;
  /** Steps that are over before this one. */
  readonly visible: ReadonlySet<string>;
}

function readStep(reading: Reading, step: CallFile, { path, task, visible }: StepPlace): StepDefinition {
  const { source } = reading;
  const given: { readonly [name: string]: Json } = step.with ?? {};
  checkTexts(reading, given, { path: [...path, "with"], visible });
  return {
    label: step.name,
    tool: step.tool,
    arguments: given,
    when: readWhen(reading, { text: step.when, path: [...path, "when"], task, visible }),
    expect: step.expect ?? "success",
    toolAt: source.locate([...path, "tool"]),
    argumentsAt: source.locateKey([...path, "with"]),
    argumentAt: new Map(Object.keys(given).map((name) => [name, source.locateKey([...path, "with", name])])),
  };
}

function readSay(reading: Reading, step: SendFile | ObserveFile, { path, visible }: StepPlace): SayDefinition {
  const { name: label, text } = step;
  checkTexts(reading, text, { path: [...path, "text"], visible });
  if ("send" in step) {
    const { send } = step;
    const at = reading.source.locate([...path, "send"]);
    const [to, topic] = "to" in send ? [send.to, null] : [null, send.topic];
    return { type: "message", label, to, topic, text, at };
  }
  const metadata = step.metadata ?? {};
  checkTexts(reading, metadata, { path: [...path, "metadata"], visible });
  const at = reading.source.locate([...path, "observe"]);
  const confidencePermille = Math.round((step.confidence ?? 1) * 1000);
  return { type: "observation", label, kind: step.observe, confidencePermille, metadata, text, at };
}

function checkTexts(
  reading: Reading,
  value: Json,
  { path, visible }: { readonly path: readonly PropertyKey[]; readonly visible: ReadonlySet<string> },
): void {
  const { source, problems } = reading;
  eachText(value, (text, inner) => {
    const textPath = [...path, ...inner];
    const parsed = parseTemplate(text);
    if ("problem" in parsed) {
      problems.push({ at: source.locateInText(textPath, parsed.offset), message: parsed.problem });
      return;
    }
    for (const part of parsed.parts) {
      if (typeof part !== "string" && part.kind === "result")
        checkVisible(reading, part.step, { at: source.locate(textPath), visible });
    }
  });
}

interface WhenPlace {
  readonly text: string | undefined;
  readonly path: readonly PropertyKey[];
  readonly task: string;
  readonly visible: ReadonlySet<string>;
}

function readWhen(reading: Reading, { text, path, task, visible }: WhenPlace): Condition | null {
  if (text === undefined) return null;
  const names: ConditionNames = { steps: reading.steps, tasks: new Set(reading.keys), task };
  const read = readCondition(text, names);
  if ("problem" in read) {
    reading.problems.push({ at: reading.source.locateInText(path, read.offset), message: read.problem });
    return null;
  }
  for (const name of read.steps) checkVisible(reading, name, { at: reading.source.locate(path), visible });
  return read;
}

function checkVisible(
  reading: Reading,
  name: string,
  { at, visible }: { readonly at: Problem["at"]; readonly visible: ReadonlySet<string> },
): void {
  if (visible.has(name)) return;
  const owner = reading.steps.get(name);
  const state =
    owner === undefined
      ? `there is no step "${name}"${suggestion(name, [...reading.steps.keys()])}`
      : `step "${name}" is not over by then; order it before, or add task "${owner}" to the dependencies`;
  reading.problems.push({ at, message: `Cannot use "\${steps.${name}}": ${state}` });
}

function ancestorsOf(graph: ReadonlyMap<string, readonly string[]>): ReadonlyMap<string, ReadonlySet<string>> {
  const found = new Map<string, ReadonlySet<string>>();
  const visit = (key: string): ReadonlySet<string> => {
    const known = found.get(key);
    if (known !== undefined) return known;
    const all = new Set<string>();
    for (const parent of graph.get(key) ?? []) {
      all.add(parent);
      for (const further of visit(parent)) all.add(further);
    }
    found.set(key, all);
    return all;
  };
  for (const key of graph.keys()) visit(key);
  return found;
}
