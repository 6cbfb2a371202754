/** Reads a crew from the files of its folder and checks what only shows when all of them are seen together. */
import { amountKinds, type Amounts } from "@toka/kernel";
import { arrangeProblems, type Problem, readYaml, SourceFailure, suggestion } from "@toka/runtime";
import { compile } from "../compile.ts";
import type { AgentDefinition } from "../definition/agent-definition.ts";
import { readAgentFile, type Read } from "../definition/agent-file.ts";
import { priorities } from "../definition/agent-schema.ts";
import { checkShape } from "../definition/check-shape.ts";
import { crewAgentsMax, crewFileSchema, type CrewFile } from "../definition/crew-schema.ts";
import { compareText, criticalPathOf, cyclesOf, wavesOf, type Graph } from "../definition/graph.ts";
import { parseSize, parseSpan } from "../definition/quantities.ts";
import { checkCalls, type KnownTools } from "./check-calls.ts";
import { defaultConcurrency, type CrewDefinition, type CrewFiles } from "./crew-definition.ts";

/** How a crew is read. */
export interface ReadCrewOptions {
  /** Put before each file's relative path in problems; "" or ending in a slash. */
  readonly prefix: string;
  /** The tools that its steps may name. */
  readonly tools: KnownTools;
}

/**
 * Reads a crew.
 * @param files `crew.yaml` and `agents/*.yaml` by relative path
 * @returns the crew, or every problem of every file
 */
export function readCrew(files: CrewFiles, options: ReadCrewOptions): Read<CrewDefinition> {
  const problems: Problem[] = [];
  const crewFile = readCrewFile(files, { prefix: options.prefix, problems });
  const agents: AgentDefinition[] = [];
  for (const [path, bytes] of [...files].sort(([left], [right]) => compareText(left, right))) {
    if (path === crewFileName) continue;
    const read = readAgentFile(bytes, { file: options.prefix + path });
    if ("problems" in read) problems.push(...read.problems);
    else agents.push(read.value);
  }
  const nowhere = { file: options.prefix + crewFileName, line: 1, column: 1 };
  if (files.size < 2)
    problems.push({ at: nowhere, message: "Cannot use the crew: it has no agents; put their files in agents/" });
  if (files.size > crewAgentsMax + 1)
    problems.push({
      at: nowhere,
      message: `Cannot use the crew: it has ${files.size - 1} agents, at most ${crewAgentsMax} are allowed`,
    });
  // A file that could not be read has a name nobody knows, so that nothing can be said about who waits for it.
  if (problems.length === 0) problems.push(...checkTogether(agents));
  for (const agent of agents) problems.push(...checkCalls(agent, options.tools), ...checkCompiled(agent));
  if (crewFile === undefined || problems.length > 0) return { problems: arrangeProblems(problems) };
  return { value: assemble(crewFile, { agents, files }) };
}

/** The file that makes a folder a crew. */
export const crewFileName = "crew.yaml";

/**
 * Reads the crew file alone, for where its tools are, before the tools themselves are known.
 * @returns the checked file, or undefined when it has problems, which are added to `problems`
 */
export function readCrewFile(
  files: CrewFiles,
  { prefix, problems }: { readonly prefix: string; readonly problems: Problem[] },
): CrewFile | undefined {
  const file = prefix + crewFileName;
  const bytes = files.get(crewFileName);
  if (bytes === undefined) {
    problems.push({
      at: { file, line: 1, column: 1 },
      message: "Cannot read the crew: there is no crew.yaml in its folder",
    });
    return undefined;
  }
  const source = readYaml(bytes, { file });
  const shape = checkShape(source, crewFileSchema);
  if ("problems" in shape) {
    problems.push(...shape.problems);
    return undefined;
  }
  const { tools } = shape.data;
  if (tools !== undefined && (tools.startsWith("/") || tools.split("/").includes(".."))) {
    problems.push({
      at: source.locate(["tools"]),
      message: `Cannot use folder "${tools}": the tools must lie in the crew folder`,
    });
    return undefined;
  }
  return shape.data;
}

// Any folders serve to see what the kernel could not register, long before a session is started.
function checkCompiled(agent: AgentDefinition): readonly Problem[] {
  try {
    compile(agent, { workspace: "/workspace", output: "/output" });
    return [];
  } catch (error) {
    if (error instanceof SourceFailure) return error.problems;
    throw error;
  }
}

function checkTogether(agents: readonly AgentDefinition[]): readonly Problem[] {
  const problems: Problem[] = [];
  const byName = new Map<string, AgentDefinition>();
  for (const agent of agents) {
    const other = byName.get(agent.name);
    if (other !== undefined)
      problems.push({ at: agent.at, message: `Cannot use agent "${agent.name}": ${other.file} has the same name` });
    byName.set(agent.name, agent);
  }
  for (const agent of agents) {
    for (const dependency of agent.dependencies) {
      if (byName.has(dependency.name) || !dependency.required) continue;
      const others = [...byName.keys()].filter((name) => name !== agent.name);
      problems.push({
        at: dependency.at,
        message: `Cannot depend on agent "${dependency.name}": the crew has no such agent${suggestion(dependency.name, others)}`,
      });
    }
  }
  for (const agent of agents) problems.push(...checkRecipients(agent, [...byName.keys()]));
  for (const cycle of cyclesOf(graphOf(agents))) {
    const first = byName.get(cycle[0] ?? "");
    const next = first?.dependencies.find((dependency) => dependency.name === (cycle[1] ?? cycle[0]));
    if (next !== undefined)
      problems.push({
        at: next.at,
        message: `Cannot order the crew: its agents wait for each other (${[...cycle, cycle[0]].join(" -> ")})`,
      });
  }
  return problems;
}

function checkRecipients(agent: AgentDefinition, names: readonly string[]): readonly Problem[] {
  const others = names.filter((name) => name !== agent.name);
  return agent.tasks
    .flatMap((task) => task.says)
    .flatMap((say) => {
      if (say.type !== "message" || say.to === null || others.includes(say.to)) return [];
      const state =
        say.to === agent.name ? "it is the one that sends" : `the crew has no such agent${suggestion(say.to, others)}`;
      return [{ at: say.at, message: `Cannot send to agent "${say.to}": ${state}` }];
    });
}

function graphOf(agents: readonly AgentDefinition[]): Graph {
  return new Map(agents.map((agent) => [agent.name, agent.dependencies.map((dependency) => dependency.name)]));
}

function assemble(
  file: CrewFile,
  { agents, files }: { readonly agents: readonly AgentDefinition[]; readonly files: CrewFiles },
): CrewDefinition {
  const rank = new Map(agents.map((agent) => [agent.name, priorities.indexOf(agent.priority)]));
  const graph = graphOf(agents);
  const byPriority = (left: string, right: string): number =>
    (rank.get(left) ?? 0) - (rank.get(right) ?? 0) || compareText(left, right);
  return {
    name: file.name,
    description: file.description,
    concurrencyMax: file.concurrency ?? defaultConcurrency,
    onFailure: file.failure ?? "suspend-dependents",
    restartsMax: file.restarts ?? 0,
    allotment: allotmentOf(file, agents),
    toolsFolder: file.tools ?? null,
    agents,
    waves: wavesOf(graph, byPriority),
    criticalPath: criticalPathOf(graph),
    files,
  };
}

// Kind by kind: what the crew file says, and otherwise what the agents ask for together, once for every life of theirs.
function allotmentOf(file: CrewFile, agents: readonly AgentDefinition[]): Amounts {
  const said: Amounts = {
    ...(file.allotment?.cpu === undefined ? {} : { cpuMs: parseSpan(file.allotment.cpu) ?? 0 }),
    ...(file.allotment?.wall === undefined ? {} : { wallMs: parseSpan(file.allotment.wall) ?? 0 }),
    ...(file.allotment?.memory === undefined ? {} : { memoryBytes: parseSize(file.allotment.memory) ?? 0 }),
    ...(file.allotment?.disk === undefined ? {} : { storedBytes: parseSize(file.allotment.disk) ?? 0 }),
    ...(file.allotment?.tool_calls === undefined ? {} : { toolCalls: file.allotment.tool_calls }),
  };
  const lives = 1 + (file.restarts ?? 0);
  const amounts: Record<string, number> = {};
  for (const kind of amountKinds) {
    // Memory is a level: a life that is over has given it back.
    const asked =
      agents.reduce((sum, agent) => sum + (agent.allotment[kind] ?? 0), 0) * (kind === "memoryBytes" ? 1 : lives);
    const amount = said[kind] ?? asked;
    if (amount > 0) amounts[kind] = amount;
  }
  return amounts;
}
