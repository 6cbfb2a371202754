/**
 * Finds crews and reads them: those that come with Toka by name, any other by folder.
 */
import { statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { join } from "node:path";

import { type CrewDefinition, type CrewFiles, readCrew, readCrewFile, readCrewFolder } from "@toka/agent";
import {
  builtInToolsFolder,
  createToolCatalogue,
  loadTools,
  type Problem,
  SourceFailure,
  type Tool,
} from "@toka/runtime";

import { ServiceFailure } from "./failure.ts";

/** The crew that runs when nobody names one. */
export const defaultCrew = "repo-care";

/** Where the crews that come with Toka lie. */
const shippedCrews = join(import.meta.dirname, "../../../examples/crews");

/** A crew that was read, with the tools that it can call. */
export interface LoadedCrew {
  readonly folder: string;
  readonly crew: CrewDefinition;
  /** The built-in tools and the crew's own. */
  readonly tools: readonly Tool[];
}

/**
 * Finds a crew's folder.
 *
 * @param crew - the name of a crew that comes with Toka, or an absolute folder
 * @returns the folder, free of symbolic links
 * @throws a failure `crew_missing` when there is none
 */
export async function crewFolder(crew: string): Promise<string> {
  const folder = crew.startsWith("/") ? crew : join(shippedCrews, crew);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) {
    const wanted = crew.startsWith("/")
      ? "it is not a folder"
      : "no crew of that name comes with Toka; a folder is named with a slash, such as ./my-crew";
    throw new ServiceFailure("crew_missing", { message: `Cannot find the crew ${crew}: ${wanted}` });
  }
  return realpath(folder);
}

/**
 * Reads a crew and its tools from disk.
 *
 * @param folder - absolute
 * @param more - tools beside the built-in ones and its own
 * @returns the crew
 * @throws SourceFailure with every problem found
 */
export async function loadCrew(folder: string, more: readonly Tool[] = []): Promise<LoadedCrew> {
  return crewFrom({ files: await readCrewFolder(folder), folder, more });
}

/**
 * Reads a crew from files that may be older than those on disk, with the tools on disk.
 *
 * @param source - files as `readCrewFolder` gives them, the crew's folder, and what differs for a crew without one: the folder of its
 *   tools, and what stands before the paths of its files
 * @returns the crew
 * @throws SourceFailure with every problem found
 */
export function crewFrom(source: {
  readonly files: CrewFiles;
  readonly folder: string;
  readonly toolsBase?: string;
  readonly prefix?: string;
  /** Tools beside the built-in ones and the crew's own, which come first. */
  readonly more?: readonly Tool[];
}): LoadedCrew {
  const { files, folder, toolsBase = folder, more = [] } = source;
  const prefix = source.prefix ?? (folder.endsWith("/") ? folder : `${folder}/`);
  const problems: Problem[] = [];
  // What is wrong with the crew file itself is found again, and told with the rest, by readCrew.
  const own = readCrewFile(files, { prefix, problems })?.tools;
  const first = loadTools([builtInToolsFolder, ...(own === undefined ? [] : [join(toolsBase, own)])]);
  const taken = new Set(first.map((tool) => tool.description.name));
  const tools = [...first, ...more.filter((tool) => !taken.has(tool.description.name))];
  const read = readCrew(files, { prefix, tools: createToolCatalogue(tools) });
  if ("problems" in read) throw new SourceFailure(`the crew ${folder}`, read.problems);
  return { folder, crew: read.value, tools };
}
