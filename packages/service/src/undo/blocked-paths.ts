/** Says of each path that stands in the way of an undo who changed it since. */
import type { EffectId, MachinePort } from "@toka/kernel";
import { type ChangeHistory, changesOf, type SettledEffect, type UndoConflict } from "@toka/runtime";

import type { BlockedPath } from "./answers.ts";

/**
 * Finds who changed the paths in conflict.
 *
 * @param conflicts - as the gate or a plan names them
 * @param options - the history, the effects that are being undone, and the machine
 * @returns the same paths, each with the last effect that changed it, or anything below it, since
 */
export async function blockedPaths(
  conflicts: readonly UndoConflict[],
  options: {
    readonly history: ChangeHistory;
    readonly effects: readonly EffectId[];
    readonly machine: MachinePort;
  },
): Promise<readonly BlockedPath[]> {
  const { history, effects, machine } = options;
  const changedBy = new Map<string, SettledEffect>();
  const positionOf = (effect: EffectId): number => history.effects.get(effect)?.position ?? 0;
  const first = Math.min(...conflicts.map(({ effect }) => positionOf(effect)));
  for (const later of history.effects.values()) {
    if (later.position <= first || effects.includes(later.id)) continue;
    const paths = new Set((await changesOf(later, machine)).flatMap(({ path }) => withFolders(path)));
    for (const { path, effect, reason } of conflicts) {
      // What is missing may have gone with a folder above it.
      const places = reason === "folder_missing" ? withFolders(path) : [path];
      if (later.position > positionOf(effect) && places.some((place) => paths.has(place))) changedBy.set(path, later);
    }
  }
  return conflicts.map(({ path, reason, message, effect }) => {
    const later = changedBy.get(path);
    const agent = later?.request.agent;
    const name = agent === null || agent === undefined ? null : (history.agents.get(agent)?.name ?? null);
    const by = later === undefined ? null : { effect: later.id, position: later.position, agent: name };
    return { path, reason, message, effect, changedBy: by };
  });
}

/** A folder is in the way because of what was put into it. */
function withFolders(path: string): readonly string[] {
  const found = [path];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) found.push(path.slice(0, end));
  return found;
}
