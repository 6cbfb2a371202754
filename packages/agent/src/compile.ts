/**
 * Turns an agent's definition into what the kernel registers and what the driver runs. The kernel part says what the
 * agent may do and when it is done; the program says with which arguments.
 */
import {
  genesisPrevious,
  Malformed,
  parseOperation,
  permissionProblem,
  type DefinitionPart,
  type ObjectivePart,
  type Permission,
  type Predicate,
} from "@toka/kernel";
import { type Problem, SourceFailure } from "@toka/runtime";
import type { AgentDefinition, ObjectiveDefinition } from "./definition/agent-definition.ts";
import { fillTemplate } from "./definition/template.ts";

/** The folders a crew works with, absolute. */
export interface Folders {
  /** What the agents look at. */
  readonly workspace: string;
  /** Where the deliverables go. */
  readonly output: string;
}

/** An agent ready to run. */
export interface Program {
  readonly definition: AgentDefinition;
  readonly part: DefinitionPart;
  readonly folders: Folders;
}

/** Tasks of one agent running at once: its steps depend on each other's files more often than not. */
const openTasksMax = 1;
/** Effects of one agent not settled: one under way, and room for some that are owed. */
const openEffectsMax = 8;

/**
 * Compiles a definition for the folders it will work with.
 * @returns the program
 * @throws SourceFailure when a permission is not canonical in these folders, or the kernel could not register its part
 */
export function compile(definition: AgentDefinition, folders: Folders): Program {
  const problems: Problem[] = [];
  const part: DefinitionPart = {
    name: definition.name,
    version: definition.version,
    capabilities: definition.capabilities,
    ...(definition.domain === null ? {} : { domain: definition.domain }),
    permissions: permissionsOf(definition, { folders, problems }),
    allotment: definition.allotment,
    tools: toolsOf(definition),
    // The steps say where an agent stands; a lifecycle of its own would be a second record of the same.
    lifecycle: { initial: "ready", states: ["ready"], transitions: [] },
    limits: { openTasksMax, openEffectsMax },
    tasks: definition.tasks.map((task) => ({
      key: task.key,
      priority: task.priority,
      after: task.after,
      ...(task.when === null ? {} : { when: task.when.predicate }),
      attemptsMax: task.attemptsMax,
      backoff: task.backoff,
      timeoutMs: task.timeoutMs,
      steps: task.steps.map((step) => ({
        label: step.label,
        tool: step.tool,
        ...(step.when === null ? {} : { when: step.when.predicate }),
        expect: step.expect,
      })),
    })),
    objectives: definition.objectives.map(objectivePart),
  };
  if (problems.length === 0) problems.push(...kernelProblems(definition, part));
  if (problems.length > 0) throw new SourceFailure(`agent ${definition.name}`, problems);
  return { definition, part, folders };
}

// The kernel has the last word on what it can register: spans, numbers and the size of the whole.
function kernelProblems(definition: AgentDefinition, part: DefinitionPart): readonly Problem[] {
  try {
    // The source is not known here; any commitment serves.
    parseOperation({ type: "definition.register", part, source: { commitment: genesisPrevious, size: 0 } });
    return [];
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    const { path, wanted, found } = error;
    return [
      {
        at: definition.at,
        message: `Cannot register agent "${definition.name}": ${path} is ${found}, wanted ${wanted}`,
      },
    ];
  }
}

/** The input that carries what the checks beside a condition came to, when an objective has both. */
export const otherChecksInput = "other-checks";

function objectivePart(objective: ObjectiveDefinition): ObjectivePart {
  const conditions = objective.checks.flatMap((check) => (check.type === "cel" ? [check.condition.predicate] : []));
  const first = objective.checks[0];
  if (conditions.length === 0 || first === undefined) return { key: objective.key, method: first?.type ?? "cel" };
  // The kernel re-decides the condition; what was looked at on disk can only be attested beside it.
  const others: readonly Predicate[] =
    conditions.length === objective.checks.length
      ? []
      : [{ op: "==", left: { fact: `inputs.${otherChecksInput}` }, right: { value: true } }];
  const all = [...conditions, ...others];
  const only = all[0];
  return {
    key: objective.key,
    method: "cel",
    predicate: all.length === 1 && only !== undefined ? only : { op: "and", of: all },
  };
}

function toolsOf(definition: AgentDefinition): readonly string[] {
  return [...new Set(definition.tasks.flatMap((task) => task.steps.map((step) => step.tool)))].sort();
}

function permissionsOf(
  definition: AgentDefinition,
  { folders, problems }: { readonly folders: Folders; readonly problems: Problem[] },
): readonly Permission[] {
  const permissions = new Set<Permission>();
  for (const { text, at } of definition.permissions) {
    const filled = fillTemplate(text, { ...folders, session: "", result: () => undefined });
    const permission = "value" in filled && typeof filled.value === "string" ? filled.value : text;
    // The root folder already ends in the slash that the template writes after it.
    const canonical = permission.replace(":///", ":/").replace("://", ":/");
    const wanted = permissionProblem(canonical);
    if (wanted === undefined) permissions.add(canonical);
    else problems.push({ at, message: `Cannot use permission "${permission}": wanted ${wanted}` });
  }
  for (const tool of toolsOf(definition)) permissions.add(`tool.call:${tool}`);
  for (const { says } of definition.tasks) {
    for (const say of says) {
      if (say.type === "observation") continue;
      permissions.add(say.to === null ? `topic.publish:${say.topic ?? ""}` : `agent.message:${say.to}`);
    }
  }
  return [...permissions].sort();
}
