/** Reads one agent file into its definition, or says everything that is wrong with it. */
import { amountOf, amountsBy, permissionProblem, type Amounts } from "@toka/kernel";
import { arrangeProblems, type Problem, readYaml, suggestion, type YamlSource } from "@toka/runtime";
import type { AgentDefinition, DependencyDefinition } from "./agent-definition.ts";
import { agentFileSchema, type AgentFile, type DependencyListFile } from "./agent-schema.ts";
import { capabilityPermissions, unactedCapabilities } from "./capabilities.ts";
import { checkShape } from "./check-shape.ts";
import { parseShare, parseSize, parseSpan } from "./quantities.ts";
import { readObjectives } from "./read-objectives.ts";
import { readTasks } from "./read-tasks.ts";
import { parseTemplate } from "./template.ts";

/** What reading a file gives. */
export type Read<T> = { readonly value: T } | { readonly problems: readonly Problem[] };

/** What an agent may use when its file sets no limit of that kind. */
export const defaultLimits: {
  readonly memory: string;
  readonly share: string;
  readonly timeout: string;
  readonly disk: string;
  readonly toolCalls: number;
} = {
  memory: "1GB",
  share: "100%",
  timeout: "1h",
  disk: "1GB",
  toolCalls: 1000,
};

/**
 * Reads an agent file.
 * @param bytes the file
 * @param options `file`: the name that problems show
 * @returns the definition, or every problem found, in the order of the file
 */
export function readAgentFile(bytes: Uint8Array, options: { readonly file: string }): Read<AgentDefinition> {
  const source = readYaml(bytes, options);
  const shape = checkShape(source, agentFileSchema);
  if ("problems" in shape) return { problems: arrangeProblems(shape.problems) };
  const file = shape.data;
  const problems: Problem[] = [];
  const tasks = readTasks(source, { file, problems });
  const objectives = readObjectives(source, { file, tasks, problems });
  const definition: AgentDefinition = {
    file: options.file,
    source: source.text,
    at: source.locate(["metadata", "name"]),
    name: file.metadata.name,
    version: file.metadata.version,
    title: file.spec.name,
    domain: file.spec.domain ?? null,
    priority: file.spec.priority,
    capabilities: [...new Set([...file.capabilities.primary, ...(file.capabilities.secondary ?? [])])],
    objectives,
    tasks,
    dependencies: readDependencies(source, { file, problems }),
    permissions: readPermissions(source, { file, problems }),
    allotment: readAllotment(file),
  };
  return problems.length > 0 ? { problems: arrangeProblems(problems) } : { value: definition };
}

interface Reading {
  readonly file: AgentFile;
  readonly problems: Problem[];
}

function readDependencies(source: YamlSource, { file, problems }: Reading): readonly DependencyDefinition[] {
  const all = (["required", "optional"] as const).flatMap((kind) =>
    flatten(file.dependencies?.[kind]).map(({ name, reason, path }) => ({
      name,
      reason,
      required: kind === "required",
      at: source.locateKey(["dependencies", kind, ...path]),
    })),
  );
  const seen = new Set<string>();
  for (const dependency of all) {
    if (dependency.name === file.metadata.name)
      problems.push({
        at: dependency.at,
        message: "Cannot depend on itself: an agent starts when its dependencies are over",
      });
    if (seen.has(dependency.name))
      problems.push({ at: dependency.at, message: `Cannot use dependency "${dependency.name}": it is named twice` });
    seen.add(dependency.name);
  }
  return all;
}

// The three shapes that the original shipped: a map, a list of single-key maps, a list of objects.
function flatten(
  list: DependencyListFile | undefined,
): readonly { readonly name: string; readonly reason: string | null; readonly path: readonly PropertyKey[] }[] {
  if (list === undefined) return [];
  if (!Array.isArray(list)) return Object.entries(list).map(([name, reason]) => ({ name, reason, path: [name] }));
  return list.flatMap((item, index) => {
    if (isNamed(item)) return [{ name: item.name, reason: item.reason ?? null, path: [index, "name"] }];
    return Object.entries(item).map(([name, reason]) => ({ name, reason: String(reason), path: [index, name] }));
  });
}

function isNamed(item: object): item is { readonly name: string; readonly reason?: string } {
  return "name" in item && Object.keys(item).every((key) => key === "name" || key === "reason");
}

function readPermissions(source: YamlSource, { file, problems }: Reading): AgentDefinition["permissions"] {
  const permissions: { text: string; at: AgentDefinition["at"] }[] = [];
  file.security.capabilities_required.forEach((word, index) => {
    const at = source.locate(["security", "capabilities_required", index]);
    const unacted = Object.hasOwn(unactedCapabilities, word) ? unactedCapabilities[word] : undefined;
    const given = Object.hasOwn(capabilityPermissions, word) ? capabilityPermissions[word] : undefined;
    if (given !== undefined) permissions.push(...given.map((text) => ({ text, at })));
    else if (unacted !== undefined)
      problems.push({ at, message: `Cannot use capability "${word}": nothing acts on it yet (${unacted}); remove it` });
    else
      problems.push({
        at,
        message: `Cannot use capability "${word}": there is no such capability${suggestion(word, Object.keys(capabilityPermissions))}`,
      });
  });
  (file.security.permissions ?? []).forEach((text, index) => {
    const path = ["security", "permissions", index];
    const parsed = parseTemplate(text);
    if ("problem" in parsed) problems.push({ at: source.locateInText(path, parsed.offset), message: parsed.problem });
    else if (
      parsed.parts.some((part) => typeof part !== "string" && (part.kind === "result" || part.kind === "session"))
    ) {
      problems.push({
        at: source.locate(path),
        message: `Cannot use permission "${text}": only \${workspace} and \${output} can stand in it`,
      });
    } else {
      const wanted = permissionProblem(text.replaceAll(/\$\{(?:workspace|output)\}/gu, "/folder"));
      if (wanted === undefined) permissions.push({ text, at: source.locate(path) });
      else problems.push({ at: source.locate(path), message: `Cannot use permission "${text}": wanted ${wanted}` });
    }
  });
  return permissions;
}

// The schema has passed the texts, so that each of them parses.
function readAllotment(file: AgentFile): Amounts {
  const limits = file.security.resource_limits;
  const wallMs = parseSpan(limits.timeout ?? defaultLimits.timeout) ?? 0;
  const cpu = limits.max_cpu ?? defaultLimits.share;
  const share = parseShare(cpu);
  const amounts: Amounts = {
    cpuMs: share === undefined ? (parseSpan(cpu) ?? 0) : Math.floor((wallMs * share) / 100),
    wallMs,
    toolCalls: limits.max_tool_calls ?? defaultLimits.toolCalls,
    memoryBytes: parseSize(limits.max_memory ?? defaultLimits.memory) ?? 0,
    storedBytes: parseSize(limits.max_disk_usage ?? defaultLimits.disk) ?? 0,
  };
  return amountsBy((kind) => amountOf(amounts, kind));
}
