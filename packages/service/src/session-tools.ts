/**
 * Which tools a process needs: the built-in ones, and those of the crews whose sessions are open, since what such a session asked for is
 * performed by whoever opens the vault next.
 */
import { existsSync } from "node:fs";

import { findOpenSessions, type RecordedCrew, readSessionCrew } from "@toka/agent";
import type { MachinePort } from "@toka/kernel";
import { builtInToolsFolder, loadTools, SourceFailure, type Tool } from "@toka/runtime";

import { crewOf } from "./sessions/crew-source.ts";

/**
 * Loads the tools of a vault as it stands.
 *
 * @param machine - of the vault
 * @param options - tools that come before any other of their names, and the tools that the vault remembers
 * @returns those, the built-in tools, and the tools of open sessions whose crews are still on disk and in order
 */
export async function toolsOf(
  machine: MachinePort,
  { first = [], more = [] }: { readonly first?: readonly Tool[]; readonly more?: readonly Tool[] } = {},
): Promise<readonly Tool[]> {
  const tools = new Map<string, Tool>();
  const add = (more: readonly Tool[]): void => {
    for (const tool of more) if (!tools.has(tool.description.name)) tools.set(tool.description.name, tool);
  };
  add(first);
  add(loadTools([builtInToolsFolder]));
  for (const found of await findOpenSessions(machine)) {
    const recorded = await readSessionCrew(machine, found);
    if (recorded !== undefined && existsSync(recorded.folder)) add(toolsFrom(recorded, more));
  }
  add(more);
  return [...tools.values()];
}

/** A crew that is out of order cannot go on, which is told when somebody tries; everything else in the vault can. */
function toolsFrom(recorded: RecordedCrew, more: readonly Tool[]): readonly Tool[] {
  try {
    return crewOf(recorded, more).tools;
  } catch (error) {
    if (error instanceof SourceFailure) return [];
    throw error;
  }
}
