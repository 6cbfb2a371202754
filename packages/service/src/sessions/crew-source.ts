/**
 * What a person names to be run, as the files of a crew: a crew folder as it is, or agent files with a crew file made for them.
 */
import { statSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { dirname } from "node:path";

import { type CrewFiles, readAgentFile, readBounded, readCrewFolder } from "@toka/agent";

import type { Tool } from "@toka/runtime";

import { crewFolder, crewFrom, type LoadedCrew } from "../crews.ts";
import { ServiceFailure } from "../failure.ts";
import type { Places } from "../places.ts";
import { rememberedTools } from "../tools/remembered-tools.ts";
import type { StartSessionRequest } from "./start-request.ts";

/** The files of a crew, and the folder that its own tools lie in. */
export interface CrewSource {
  /** A crew's folder; for agent files, the first file, which tells such a crew from one that has a folder. */
  readonly folder: string;
  readonly files: CrewFiles;
}

/**
 * Reads what is to be run.
 *
 * @param paths - one crew folder or the name of a crew that comes with Toka, or one or more agent files, absolute
 * @returns the crew's files
 * @throws a failure `nothing_to_run` when a path is neither; `crew_missing`; SourceFailure when a file cannot be read
 */
export async function readCrewSource(paths: readonly string[]): Promise<CrewSource> {
  const [first] = paths;
  if (first === undefined) throw nothing("no file is named");
  if (paths.length === 1 && !isFile(first)) {
    if (isOfFiles(first)) throw nothing(`there is no file ${first}`);
    const folder = await crewFolder(first);
    return { folder, files: await readCrewFolder(folder) };
  }
  const agents = new Map<string, Uint8Array>();
  for (const path of paths) {
    if (!isFile(path)) throw nothing(`${path} is no file; a crew folder is run alone`);
    const bytes = await readBounded(path);
    if (bytes === undefined) throw nothing(`${path} is gone`);
    // Under its own path, which is what problems are told with.
    agents.set(path, bytes);
  }
  const name = nameOf([...agents.values()]);
  const crew = `name: ${name}\ndescription: Agent files that are run together\n`;
  return { folder: await realpath(first), files: new Map([["crew.yaml", Buffer.from(crew)], ...agents]) };
}

/**
 * Tells whether a recorded crew was made for agent files.
 *
 * @param folder - as recorded
 * @returns true when it is an agent file
 */
export function isOfFiles(folder: string): boolean {
  return /\.ya?ml$/u.test(folder);
}

/**
 * Reads a crew from its files and checks it.
 *
 * @param source - of the crew
 * @param more - tools beside the built-in ones and its own
 * @returns the crew and its tools
 * @throws SourceFailure with every problem found
 */
export function crewOf(source: CrewSource, more: readonly Tool[] = []): LoadedCrew {
  return isOfFiles(source.folder)
    ? crewFrom({ ...source, more, prefix: "", toolsBase: dirname(source.folder) })
    : crewFrom({ ...source, more });
}

/**
 * Asks for a session of a crew.
 *
 * @param source - the crew
 * @param places - of the call
 * @returns what `startSession` takes
 * @throws SourceFailure with every problem of the crew, before any vault is asked
 */
export async function sessionRequest(
  source: CrewSource,
  { workspace, vault }: Pick<Places, "workspace" | "vault">,
): Promise<StartSessionRequest> {
  crewOf(source, await rememberedTools(vault));
  const files = [...source.files].map(([path, bytes]) => [path, Buffer.from(bytes).toString("base64")] as const);
  return { folder: source.folder, files: Object.fromEntries(files), workspace };
}

/** One agent gives the session its name; several run as `run`. A file with problems is told of when the crew is read. */
function nameOf(files: readonly Uint8Array[]): string {
  const [only, ...more] = files;
  if (only === undefined || more.length > 0) return "run";
  const read = readAgentFile(only, { file: "agent" });
  return "value" in read ? read.value.name : "run";
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function nothing(state: string): ServiceFailure {
  return new ServiceFailure("nothing_to_run", { message: `Cannot run what is named: ${state}` });
}
