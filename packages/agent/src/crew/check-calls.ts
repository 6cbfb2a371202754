/** Checks an agent's steps against the tools that there are: names, arguments, and whether one call fits its limits. */
import { amountKinds, type AmountKind } from "@toka/kernel";
import { type Problem, suggestion, type ToolCatalogue, type ToolDescription } from "@toka/runtime";
import type { AgentDefinition, StepDefinition } from "../definition/agent-definition.ts";
import { eachText, fillTemplate, parseTemplate, type Json } from "../definition/template.ts";

/** What of the catalogue the agent package uses: never a way to run a tool. */
export type KnownTools = Pick<ToolCatalogue, "list" | "find" | "plan">;

// Stand for the folders that are known only when the crew starts; any absolute path serves to check a type.
const sampleFolders = { workspace: "/workspace", output: "/output", session: "session-1-0" };

/**
 * Checks each step of an agent.
 * @returns the problems, at the places in the agent's file
 */
export function checkCalls(agent: AgentDefinition, tools: KnownTools): readonly Problem[] {
  const problems: Problem[] = [];
  for (const task of agent.tasks) {
    for (const step of task.steps) {
      const tool = tools.find(step.tool);
      if (tool === undefined) {
        const names = tools.list().map((known) => known.name);
        problems.push({
          at: step.toolAt,
          message: `Cannot call tool "${step.tool}": there is no such tool${suggestion(step.tool, names)}`,
        });
        continue;
      }
      const found = checkArguments(step, tool);
      problems.push(...found);
      if (found.length === 0) problems.push(...checkPlan({ agent, step, tools }));
      if (tool.timeoutMs > task.timeoutMs) {
        problems.push({
          at: step.toolAt,
          message: `Cannot call tool "${step.tool}": it may take ${tool.timeoutMs} ms, the task ${task.timeoutMs} ms; raise the task's timeout`,
        });
      }
    }
  }
  return problems;
}

// A call whose arguments are all known now is planned as a whole: the catalogue has the last word on its arguments.
function checkPlan({
  agent,
  step,
  tools,
}: {
  readonly agent: AgentDefinition;
  readonly step: StepDefinition;
  readonly tools: KnownTools;
}): readonly Problem[] {
  let open = false;
  eachText(step.arguments, (text) => {
    if (waitsForResult(text)) open = true;
  });
  if (open) return [];
  const filled = fillTemplate(step.arguments, { ...sampleFolders, result: () => undefined });
  if ("problem" in filled) return [{ at: step.argumentsAt, message: filled.problem }];
  const plan = tools.plan(step.tool, recordOf(filled.value));
  if ("problem" in plan) return [{ at: step.argumentsAt, message: `Cannot call tool "${step.tool}": ${plan.problem}` }];
  return amountKinds.flatMap((kind) => {
    const wanted = plan.reserve[kind] ?? 0;
    const limit = agent.allotment[kind] ?? 0;
    if (wanted <= limit) return [];
    return [
      {
        at: step.toolAt,
        message: `Cannot call tool "${step.tool}": one call may use ${wanted} ${kind}, the agent ${limit}; raise security.resource_limits.${limitNames[kind] ?? kind}`,
      },
    ];
  });
}

const limitNames: { readonly [Kind in AmountKind]?: string } = {
  cpuMs: "max_cpu",
  wallMs: "timeout",
  toolCalls: "max_tool_calls",
  memoryBytes: "max_memory",
  storedBytes: "max_disk_usage",
};

function checkArguments(step: StepDefinition, tool: ToolDescription): readonly Problem[] {
  const problems: Problem[] = [];
  const properties = recordOf(tool.inputSchema["properties"]);
  const known = Object.keys(properties);
  for (const [name, value] of Object.entries(step.arguments)) {
    const at = step.argumentAt.get(name) ?? step.argumentsAt;
    if (!known.includes(name)) {
      problems.push({
        at,
        message: `Cannot pass "${name}" to tool "${step.tool}": it has no such parameter${suggestion(name, known)}`,
      });
      continue;
    }
    const wanted = recordOf(properties[name])["type"];
    if (typeof wanted === "string" && !fits(value, wanted)) {
      problems.push({
        at,
        message: `Cannot pass "${name}" to tool "${step.tool}": wanted ${wanted}, found ${typeName(value)}`,
      });
    }
  }
  const required: unknown = tool.inputSchema["required"];
  for (const name of Array.isArray(required) ? required : []) {
    if (typeof name === "string" && !Object.hasOwn(step.arguments, name)) {
      problems.push({
        at: step.argumentsAt,
        message: `Cannot call tool "${step.tool}": parameter "${name}" is missing`,
      });
    }
  }
  return problems;
}

function fits(value: Json, wanted: string): boolean {
  // What a lone hole becomes is known only when the step it names is over.
  if (typeof value === "string" && isLoneHole(value)) return true;
  const found = typeName(value);
  return found === wanted || (found === "integer" && wanted === "number");
}

function isLoneHole(text: string): boolean {
  const parsed = parseTemplate(text);
  return (
    "parts" in parsed &&
    parsed.parts.length === 1 &&
    typeof parsed.parts[0] === "object" &&
    parsed.parts[0].kind === "result"
  );
}

function waitsForResult(text: string): boolean {
  const parsed = parseTemplate(text);
  return "parts" in parsed && parsed.parts.some((part) => typeof part === "object" && part.kind === "result");
}

function typeName(value: Json): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  return typeof value;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value))
    : {};
}
