/** What one boxed run teaches, as the tree stands before the changes of the run are brought into it. */
import { lstatSync } from "node:fs";
import { permissionProblem, type Permission } from "@toka/kernel";
import type { SandboxResult } from "../sandbox/job.ts";
import { isBelow } from "../sandbox/paths.ts";
import { learnGrant, type Learnt, type StandingNow } from "../sandbox/learn-grant.ts";

/** The parts of an effect's task that say what its program was shown. */
export interface ShownTo {
  readonly effect: { readonly claims: readonly Permission[] };
  readonly hiddenPaths: readonly string[];
  readonly outputPaths: readonly string[];
}

/**
 * Learns from a run that ended by itself.
 *
 * @param run - with the facts, when they were asked for
 * @param task - what the program was shown
 * @returns undefined when nobody asked, or nothing was started; null when the program did more than can be written down
 */
export function learntFrom(
  { facts, exit }: Pick<SandboxResult, "facts" | "exit">,
  { effect, hiddenPaths, outputPaths }: ShownTo,
): Learnt | null | undefined {
  if (facts === undefined || facts === null) return facts;
  // Whoever was not found or cannot be started has done nothing.
  if (!facts.some(({ kind }) => kind === "exec") || !("code" in exit)) return undefined;
  const lies = (path: string, folder: string): boolean => path === folder || isBelow(path, folder);
  return learnGrant({
    facts,
    claims: effect.claims,
    isHidden: (path) =>
      hiddenPaths.some((folder) => lies(path, folder)) && !outputPaths.some((folder) => lies(path, folder)),
    standing,
    isPermission: (text) => permissionProblem(text) === undefined,
  });
}

function standing(path: string): StandingNow {
  try {
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats === undefined) return "missing";
    if (stats.isDirectory()) return "folder";
    return stats.isFile() ? "file" : "other";
  } catch (error) {
    // A folder on the way is a file by now: what the program used stood in its layer alone.
    if (error instanceof Error && "code" in error && error.code === "ENOTDIR") return "missing";
    throw error;
  }
}
