/** The tools that one process can run: loaded from folders, looked up by name, calls planned before the kernel is asked. */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { formatPosition, SourceFailure, type Problem } from "../source/problem.ts";
import { loadTool } from "./load-tool.ts";
import { isManifestFile } from "./manifest-files.ts";
import { argumentCheck, type CheckedArguments } from "./parameters.ts";
import { claimsOf, planOf } from "./plan-call.ts";
import type { Tool, ToolCatalogue } from "./tool.ts";

/** Tools of one catalogue; the kernel's table of tools has a bound too. */
const toolsMax = 256;

/**
 * Builds a catalogue from loaded tools.
 * @returns the catalogue, sorted by name
 * @throws SourceFailure when two tools have one name, with the places of both
 */
export function createToolCatalogue(tools: readonly Tool[]): ToolCatalogue {
  const byName = new Map<
    string,
    { readonly tool: Tool; readonly check: (values: Readonly<Record<string, unknown>>) => CheckedArguments }
  >();
  const problems: Problem[] = [];
  for (const tool of tools) {
    const { name } = tool.description;
    const other = byName.get(name)?.tool;
    if (other !== undefined) {
      const first = formatPosition(other.namedAt);
      problems.push({ at: tool.namedAt, message: `Cannot use tool ${name}: ${first} has the same name` });
    } else byName.set(name, { tool, check: argumentCheck(tool.parameters) });
  }
  if (problems.length > 0) throw new SourceFailure("the tools", problems);
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
 * Loads every tool below some folders: each child folder holds a program, and a manifest for each tool that is made of it.
 * @param folders - absolute; one that is missing holds no tools
 * @returns the tools, in the order of the folders and then of their names
 * @throws SourceFailure with every problem of every manifest
 */
export function loadTools(folders: readonly string[]): readonly Tool[] {
  const tools: Tool[] = [];
  const problems: Problem[] = [];
  for (const file of folders.flatMap(manifestsBelow)) {
    const loading = loadTool(file);
    if ("tool" in loading) tools.push(loading.tool);
    else problems.push(...loading.problems);
  }
  if (tools.length > toolsMax) {
    problems.push({
      at: { file: folders[0] ?? "", line: 1, column: 1 },
      message: `Cannot use the tools: there are ${tools.length}, at most ${toolsMax} are allowed`,
    });
  }
  if (problems.length > 0) throw new SourceFailure("the tools", problems);
  return tools;
}

function manifestsBelow(folder: string): readonly string[] {
  if (!isThere(folder)) return [];
  const children = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return children
    .map((entry) => join(folder, entry.name))
    .toSorted()
    .flatMap((child) =>
      readdirSync(child)
        .filter(isManifestFile)
        .toSorted()
        .map((name) => join(child, name)),
    );
}

function isThere(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
