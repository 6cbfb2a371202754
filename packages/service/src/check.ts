/**
 * Checks files that a person wrote, without running anything.
 */
import { readFileSync, statSync } from "node:fs";
import { basename, dirname } from "node:path";

import { readAgentFile } from "@toka/agent";
import { formatProblem, isManifestFile, loadTool, SourceFailure } from "@toka/runtime";

import { loadCrew } from "./crews.ts";
import { messageOf } from "./failure.ts";

/** What was found in one file. */
export interface CheckReport {
  /** What the file was taken for. */
  readonly kind: "crew" | "agent" | "tool";
  /** Each as `file:line:column: message`, in the order of the file. */
  readonly problems: readonly string[];
}

/** Bytes of one file; the readers have bounds of their own far below. */
const fileBytesMax = 64 * 1024 * 1024;

/**
 * Checks one file: `crew.yaml` or a folder as a crew, `tool.yaml` or `NAME.tool.yaml` as a tool, anything else as an agent.
 *
 * @param path - absolute
 * @returns what it was taken for and every problem found
 */
export async function checkFile(path: string): Promise<CheckReport> {
  const kind = kindOf(path);
  try {
    switch (kind) {
      case "crew":
        await loadCrew(isFolder(path) ? path : dirname(path));
        return { kind, problems: [] };
      case "tool": {
        const loading = loadTool(path);
        return { kind, problems: "problems" in loading ? loading.problems.map(formatProblem) : [] };
      }
      case "agent":
        return { kind, problems: checkAgent(path) };
    }
  } catch (error) {
    if (error instanceof SourceFailure) return { kind, problems: error.problems.map(formatProblem) };
    return { kind, problems: [`${path}:1:1: Cannot read the file: ${messageOf(error)}`] };
  }
}

function kindOf(path: string): CheckReport["kind"] {
  if (isFolder(path) || /^crew\.ya?ml$/u.test(basename(path))) return "crew";
  return isManifestFile(basename(path)) ? "tool" : "agent";
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

function checkAgent(path: string): readonly string[] {
  const stats = statSync(path);
  const { size } = stats;
  // A device has no end and a pipe may have no writer.
  if (!stats.isFile()) return [`${path}:1:1: Cannot read the file: it is no regular file`];
  if (size > fileBytesMax)
    return [`${path}:1:1: Cannot read the file: it has ${size} bytes, at most ${fileBytesMax} are allowed`];
  const read = readAgentFile(readFileSync(path), { file: path });
  return "problems" in read ? read.problems.map(formatProblem) : [];
}
