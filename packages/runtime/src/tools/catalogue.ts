/** The tools that one process can run: loaded from folders, looked up by name, calls planned before the kernel is asked. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { loadTool } from "./load-tool.ts";
import { argumentCheck, type CheckedArguments } from "./parameters.ts";
import { claimsOf, planOf } from "./plan-call.ts";
import { ToolSourceFailure, type ManifestProblem } from "./problem.ts";
import type { Tool, ToolCatalogue } from "./tool.ts";

/** Names that a manifest may have in its tool's folder; the first that is there counts. */
const manifestNames: readonly string[] = ["tool.yaml", "tool.yml", "tool.json"];
/** Tools of one catalogue; the kernel's table of tools has a bound too. */
const toolsMax = 256;

/**
 * Builds a catalogue from loaded tools.
 * @returns the catalogue, sorted by name
 * @throws ToolSourceFailure when two tools have one name
 */
export function createToolCatalogue(tools: readonly Tool[]): ToolCatalogue {
  const byName = new Map<
    string,
    { readonly tool: Tool; readonly check: (values: Readonly<Record<string, unknown>>) => CheckedArguments }
  >();
  for (const tool of tools) {
    const { name } = tool.description;
    const other = byName.get(name)?.tool;
    if (other !== undefined) {
      throw new ToolSourceFailure([
        {
          file: tool.program.folder,
          line: 1,
          column: 1,
          message: `Cannot use tool ${name}: ${other.program.folder} has the same name`,
        },
      ]);
    }
    byName.set(name, { tool, check: argumentCheck(tool.parameters) });
  }
  const sorted = [...byName.values()]
    .map((entry) => entry.tool.description)
    .toSorted((left, right) => (left.name < right.name ? -1 : 1));
  return {
    list: () => sorted,
    find: (name) => byName.get(name)?.tool.description,
    tool: (name) => byName.get(name)?.tool,
    plan: (name, values) => {
      const entry = byName.get(name);
      if (entry === undefined) return { problem: `tool ${name} is not known` };
      const checked = entry.check(values);
      if ("problem" in checked) return checked;
      const claims = claimsOf(entry.tool.parameters, { values: checked.arguments, programs: entry.tool.programs });
      return planOf(entry.tool.description, { values: checked.arguments, claims });
    },
  };
}

/**
 * Loads every tool below some folders: each child folder that holds a manifest is one tool.
 * @param folders - absolute; one that is missing holds no tools
 * @returns the tools, in the order of the folders and then of their names
 * @throws ToolSourceFailure with every problem of every manifest
 */
export function loadTools(folders: readonly string[]): readonly Tool[] {
  const tools: Tool[] = [];
  const problems: ManifestProblem[] = [];
  for (const file of folders.flatMap(manifestsBelow)) {
    const loading = loadTool(file);
    if ("tool" in loading) tools.push(loading.tool);
    else problems.push(...loading.problems);
  }
  if (tools.length > toolsMax) {
    problems.push({
      file: folders[0] ?? "",
      line: 1,
      column: 1,
      message: `Cannot use the tools: there are ${tools.length}, at most ${toolsMax} are allowed`,
    });
  }
  if (problems.length > 0) throw new ToolSourceFailure(problems);
  return tools;
}

function manifestsBelow(folder: string): readonly string[] {
  if (!isThere(folder)) return [];
  const found: string[] = [];
  for (const entry of readdirSync(folder, { withFileTypes: true }).toSorted((left, right) =>
    left.name < right.name ? -1 : 1,
  )) {
    if (!entry.isDirectory()) continue;
    const manifest = manifestNames.map((name) => join(folder, entry.name, name)).find(isThere);
    if (manifest !== undefined) found.push(manifest);
  }
  return found;
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
