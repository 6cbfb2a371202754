/**
 * Checks files that a person wrote, without running anything.
 */
import { existsSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { formatProblem, isManifestFile, loadTool, type Problem, SourceFailure, type Tool } from "@toka/runtime";

import { loadCrew } from "./crews.ts";
import { messageOf } from "./failure.ts";
import { readPolicyFile } from "./policy-file.ts";
import { crewOf, readCrewSource } from "./sessions/crew-source.ts";
import { rememberedTools } from "./tools/remembered-tools.ts";

/** What was found in one file. */
export interface CheckReport {
  /** What the file was taken for. */
  readonly kind: "crew" | "agent" | "tool" | "policy";
  /** Each as `file:line:column: message`, in the order of the file. */
  readonly problems: readonly string[];
}

/**
 * Checks one file: `crew.yaml` or a folder as a crew, `tool.yaml` or `NAME.tool.yaml` as a tool, `policies.yaml`, `policy.yaml` or
 * `NAME.policy.yaml` as policies, anything else as an agent. What passes is what can be run: an agent file in the folder of a crew as one of
 * that crew, any other by itself.
 *
 * @param path - absolute
 * @param vault - the vault folder whose registered tools count as well; there need be none
 * @returns what it was taken for and every problem found
 */
export async function checkFile(path: string, vault: string): Promise<CheckReport> {
  const kind = kindOf(path);
  try {
    switch (kind) {
      case "crew":
        await loadCrew(isFolder(path) ? path : dirname(path), await rememberedTools(vault));
        return { kind, problems: [] };
      case "tool": {
        const loading = loadTool(path);
        return { kind, problems: "problems" in loading ? loading.problems.map(formatProblem) : [] };
      }
      case "policy":
        await readPolicyFile(path);
        return { kind, problems: [] };
      case "agent":
        return { kind, problems: await checkAgent(path, await rememberedTools(vault)) };
    }
  } catch (error) {
    if (error instanceof SourceFailure) return { kind, problems: error.problems.map(formatProblem) };
    const state = existsSync(path) ? messageOf(error) : "there is none";
    return { kind, problems: [`${path}:1:1: Cannot read the file: ${state}`] };
  }
}

function kindOf(path: string): CheckReport["kind"] {
  if (isFolder(path) || /^crew\.ya?ml$/u.test(basename(path))) return "crew";
  if (/^(?:(?:.+\.)?policy|policies)\.ya?ml$/u.test(basename(path))) return "policy";
  return isManifestFile(basename(path)) ? "tool" : "agent";
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

async function checkAgent(path: string, more: readonly Tool[]): Promise<readonly string[]> {
  // A device has no end and a pipe may have no writer.
  if (!statSync(path).isFile()) return [`${path}:1:1: Cannot read the file: it is no regular file`];
  const crew = crewFolderOf(path);
  if (crew === undefined) {
    crewOf(await readCrewSource([path]), more);
    return [];
  }
  try {
    await loadCrew(crew, more);
    return [];
  } catch (error) {
    if (!(error instanceof SourceFailure)) throw error;
    return inFile(error.problems, path).map(formatProblem);
  }
}

/** The crew that an agent file belongs to. */
function crewFolderOf(path: string): string | undefined {
  const folder = dirname(path);
  const crew = dirname(folder);
  return basename(folder) === "agents" && existsSync(join(crew, "crew.yaml")) ? crew : undefined;
}

/** What is wrong elsewhere in the crew is not this file's; it is told of whoever checks the crew. */
function inFile(problems: readonly Problem[], path: string): readonly Problem[] {
  const file = realpathSync(path);
  return problems.filter(({ at }) => existsSync(at.file) && realpathSync(at.file) === file);
}
