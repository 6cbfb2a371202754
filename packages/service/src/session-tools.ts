/**
 * Which tools a process needs: the built-in ones, and those of the crews whose sessions are open, since what such a session asked for is
 * performed by whoever opens the vault next.
 */
import { existsSync } from "node:fs";

import { findOpenSessions, readSessionCrew } from "@toka/agent";
import type { MachinePort } from "@toka/kernel";
import { builtInToolsFolder, loadTools, type Tool } from "@toka/runtime";

import { crewFrom } from "./crews.ts";

/**
 * Loads the tools of a vault as it stands.
 *
 * @param machine - of the vault
 * @returns the built-in tools, and the tools of open sessions whose crews are still on disk and in order
 */
export async function toolsOf(machine: MachinePort): Promise<readonly Tool[]> {
  const tools = new Map<string, Tool>();
  const add = (more: readonly Tool[]): void => {
    for (const tool of more) if (!tools.has(tool.description.name)) tools.set(tool.description.name, tool);
  };
  add(loadTools([builtInToolsFolder]));
  for (const found of await findOpenSessions(machine)) {
    const recorded = await readSessionCrew(machine, found);
    if (recorded !== undefined && existsSync(recorded.folder)) add(crewFrom(recorded.files, recorded).tools);
  }
  return [...tools.values()];
}
