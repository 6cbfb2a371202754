/** Reads an agent file's objectives and what must hold for each. */
import { fixedLimits } from "@toka/kernel";
import { type Problem, suggestion, type YamlSource } from "@toka/runtime";
import { readCondition } from "../cel/condition.ts";
import type { ConditionNames } from "../cel/lower.ts";
import type { Check, ObjectiveDefinition, TaskDefinition } from "./agent-definition.ts";
import type { AgentFile, CheckFile } from "./agent-schema.ts";
import { nameFrom } from "./name-from.ts";
import { parseSpan } from "./quantities.ts";
import { eachText, parseTemplate } from "./template.ts";

/** How long a command check may run when it does not say. */
export const defaultCommandTimeoutMs = 60_000;

interface Reading {
  readonly source: YamlSource;
  readonly problems: Problem[];
  readonly names: ConditionNames;
}

/**
 * Reads the objectives; what is wrong is added to `problems`.
 * @returns the objectives in the order of the file
 */
export function readObjectives(
  source: YamlSource,
  {
    file,
    tasks,
    problems,
  }: { readonly file: AgentFile; readonly tasks: readonly TaskDefinition[]; readonly problems: Problem[] },
): readonly ObjectiveDefinition[] {
  const steps = new Map(tasks.flatMap((task) => task.steps.map((step) => [step.label, task.key] as const)));
  const reading: Reading = {
    source,
    problems,
    names: { steps, tasks: new Set(tasks.map((task) => task.key)), task: null },
  };
  const keys = file.objectives.map((objective) => objective.name ?? nameFrom(objective.description));
  return file.objectives.map((objective, index) => {
    const path = ["objectives", index];
    const key = keys[index] ?? "";
    if (key === "")
      problems.push({
        at: source.locate(path),
        message: "Cannot name the objective: its description has no letters, so it needs a name",
      });
    else if (keys.indexOf(key) !== index)
      problems.push({
        at: source.locate(path),
        message: `Cannot use objective "${key}": another objective has that name`,
      });
    if (objective.deliverable !== undefined) checkPath(reading, objective.deliverable, [...path, "deliverable"]);
    const { validation } = objective;
    const checks = isList(validation)
      ? validation.flatMap((check, place) => readCheck(reading, check, [...path, "validation", place]))
      : readCheck(reading, validation, [...path, "validation"]);
    const read = new Set(
      checks.flatMap((check) => (check.type === "cel" ? check.condition.inputs.map(({ name }) => name) : [])),
    );
    // One place is kept for what the other checks came to.
    if (read.size >= fixedLimits.inputsMax) {
      const message = `Cannot use objective "${key}": its conditions read ${read.size} results, at most ${fixedLimits.inputsMax - 1} are allowed`;
      problems.push({ at: source.locate(path), message });
    }
    return { key, description: objective.description, deliverable: objective.deliverable ?? null, checks };
  });
}

function isList(validation: CheckFile | readonly CheckFile[]): validation is readonly CheckFile[] {
  return Array.isArray(validation);
}

function readCheck(reading: Reading, check: CheckFile, path: readonly PropertyKey[]): readonly Check[] {
  if ("cel" in check) {
    const read = readCondition(check.cel, reading.names);
    if ("problem" in read) {
      reading.problems.push({ at: reading.source.locateInText([...path, "cel"], read.offset), message: read.problem });
      return [];
    }
    return [{ type: "cel", condition: read }];
  }
  checkTexts(reading, check, path);
  if ("file" in check) checkPath(reading, check.file, [...path, "file"]);
  if ("content" in check) checkPath(reading, check.content, [...path, "content"]);
  if ("file" in check) return [{ type: "file", path: check.file, minBytes: check.min_bytes ?? 0 }];
  if ("command" in check) {
    const timeoutMs = check.timeout === undefined ? defaultCommandTimeoutMs : (parseSpan(check.timeout) ?? 0);
    return [{ type: "command", argv: check.command, exit: check.exit ?? 0, timeoutMs }];
  }
  if (
    check.contains === undefined &&
    check.json === undefined &&
    check.lines === undefined &&
    check.sha256 === undefined
  ) {
    reading.problems.push({
      at: reading.source.locate(path),
      message: `Cannot check the content of "${check.content}": say what it must hold (contains, json, lines or sha256)`,
    });
  }
  return [
    {
      type: "content",
      path: check.content,
      contains: check.contains ?? [],
      json: Object.entries(check.json ?? {}).map(([pointer, value]) => ({ pointer, value })),
      lines: check.lines === undefined ? null : { min: check.lines.min ?? null, max: check.lines.max ?? null },
      sha256: check.sha256 ?? null,
    },
  ];
}

// A judge reads with the operator's rights, so that a file must not be able to send it anywhere else.
function checkPath(reading: Reading, template: string, path: readonly PropertyKey[]): void {
  const parsed = parseTemplate(template);
  if ("problem" in parsed) {
    reading.problems.push({ at: reading.source.locateInText(path, parsed.offset), message: parsed.problem });
    return;
  }
  const inside = template.replace(/^\$\{(?:output|workspace)\}\//u, "");
  if (!inside.startsWith("/") && !inside.includes("${") && !inside.split("/").includes("..") && !inside.includes("\0"))
    return;
  reading.problems.push({
    at: reading.source.locate(path),
    message: `Cannot look at "${template}": wanted a path below \${output} or \${workspace}, without ".."`,
  });
}

function checkTexts(reading: Reading, value: unknown, path: readonly PropertyKey[]): void {
  const { source, problems, names } = reading;
  eachText(value, (text, inner) => {
    const parsed = parseTemplate(text);
    const place = [...path, ...inner];
    if ("problem" in parsed) {
      problems.push({ at: source.locateInText(place, parsed.offset), message: parsed.problem });
      return;
    }
    for (const part of parsed.parts) {
      if (typeof part === "string" || part.kind !== "result" || names.steps.has(part.step)) continue;
      problems.push({
        at: source.locate(place),
        message: `Cannot use "\${steps.${part.step}}": there is no step "${part.step}"${suggestion(part.step, [...names.steps.keys()])}`,
      });
    }
  });
}
