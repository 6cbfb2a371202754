/** Builds agent and crew files for the tests, and a catalogue of a few tools behind its port. */
import { formatProblem, type Problem, type ToolDescription, type ToolPlan } from "@toka/runtime";
import type { KnownTools } from "../src/crew/check-calls.ts";

/** Turns a text into the bytes of a file. */
export function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** Writes problems the way people see them. */
export function shown(read: { readonly problems: readonly Problem[] } | object): readonly string[] {
  return "problems" in read ? read.problems.map(formatProblem) : [];
}

/** The parts of an agent file that a test can replace; each is YAML in flow form. */
export interface AgentParts {
  readonly name?: string;
  readonly priority?: string;
  readonly objectives?: string;
  readonly tasks?: string;
  readonly dependencies?: string;
  readonly security?: string;
  readonly more?: string;
}

/** An agent file that is right but for the parts given. */
export function agentText(parts: AgentParts = {}): string {
  const {
    name = "reader",
    priority = "medium",
    objectives = "[{ description: The notes are there, validation: { file: notes.md } }]",
    tasks = "{ default: [{ name: read, description: Reads, steps: [{ name: look, tool: count, with: { root: '${workspace}' } }] }] }",
    dependencies = "",
    security = "{ capabilities_required: [filesystem-read, filesystem-write], resource_limits: { timeout: 1h } }",
    more = "",
  } = parts;
  return [
    `metadata: { name: ${name}, version: 1.0.0 }`,
    `spec: { name: The ${name}, domain: repository, priority: ${priority} }`,
    "capabilities: { primary: [reading] }",
    `objectives: ${objectives}`,
    `tasks: ${tasks}`,
    ...(dependencies === "" ? [] : [`dependencies: ${dependencies}`]),
    `security: ${security}`,
    ...(more === "" ? [] : [more]),
    "",
  ].join("\n");
}

/** A tool as the catalogue describes it; its parameters become claims the way the runtime's do. */
export interface TestTool {
  readonly name: string;
  readonly sideEffect?: ToolDescription["sideEffect"];
  readonly parameters: Readonly<
    Record<string, { readonly type: string; readonly access?: "read" | "write"; readonly required?: boolean }>
  >;
  readonly timeoutMs?: number;
}

/** Tools the tests call: `count` reads a folder, `write` writes a file, `peek` reads one file, `fetch` wants the network. */
export const testTools: readonly TestTool[] = [
  {
    name: "count",
    sideEffect: "read_only",
    parameters: { root: { type: "string", access: "read", required: true }, limit: { type: "integer" } },
  },
  {
    name: "write",
    sideEffect: "idempotent",
    parameters: {
      path: { type: "string", access: "write", required: true },
      content: { type: "string", required: true },
    },
  },
  { name: "peek", sideEffect: "read_only", parameters: { path: { type: "string", access: "read", required: true } } },
  { name: "send", sideEffect: "external", parameters: { text: { type: "string", required: true } } },
  { name: "rule", sideEffect: "privileged", parameters: { text: { type: "string", required: true } } },
];

/** A catalogue over such tools. */
export function knownTools(tools: readonly TestTool[] = testTools): KnownTools {
  const descriptions = tools.map(describe);
  return {
    list: () => descriptions,
    find: (name) => descriptions.find((tool) => tool.name === name),
    plan: (name, values) => {
      const tool = tools.find((known) => known.name === name);
      if (tool === undefined) return { problem: `tool ${name} is not known` };
      const wrong = Object.entries(tool.parameters).find(
        ([key, { type }]) => Object.hasOwn(values, key) && typeOf(values[key]) !== type,
      );
      if (wrong !== undefined) return { problem: `${wrong[0]} must be ${wrong[1].type}` };
      return planOf(tool, values);
    },
  };
}

function describe(tool: TestTool): ToolDescription {
  const properties = Object.fromEntries(Object.entries(tool.parameters).map(([name, { type }]) => [name, { type }]));
  const required = Object.entries(tool.parameters)
    .filter(([, parameter]) => parameter.required === true)
    .map(([name]) => name);
  return {
    name: tool.name,
    version: "1.0.0",
    category: null,
    description: `The tool ${tool.name}`,
    sideEffect: tool.sideEffect ?? "read_only",
    inputSchema: { type: "object", properties, required, additionalProperties: false },
    permissions: [
      ...new Set(
        Object.values(tool.parameters).flatMap(({ access }) => (access === undefined ? [] : [`fs.${access}:/**`])),
      ),
    ],
    timeoutMs: tool.timeoutMs ?? 60_000,
    limits: {
      memoryBytes: 1_048_576,
      cpuMs: 1000,
      processes: 1,
      outputBytes: 1_048_576,
      writtenBytes: 1_048_576,
      openFiles: 16,
    },
  };
}

function planOf(tool: TestTool, values: Readonly<Record<string, unknown>>): ToolPlan {
  const { limits, timeoutMs } = describe(tool);
  const claims = Object.entries(tool.parameters).flatMap(([name, { access }]) => {
    if (access === undefined) return [];
    const path = String(values[name]);
    return [tool.name === "count" ? `fs.${access}:${path}/**` : `fs.${access}:${path}`];
  });
  return {
    arguments: values,
    claims,
    reserve: { cpuMs: limits.cpuMs, wallMs: timeoutMs, toolCalls: 1, memoryBytes: limits.memoryBytes },
    timeoutMs,
  };
}

function typeOf(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}
