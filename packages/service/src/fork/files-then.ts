/** What the files of a workspace were after an entry: what the log knows of what became of them since. */
import type { Content, MachinePort } from "@toka/kernel";
import { changesOf, type FileState, readHistory } from "@toka/runtime";

import { liesIn } from "../places.ts";

/** A path that changed since. */
export interface ChangedSince {
  /** How it must stand now, if nobody but the vault's effects has touched it. */
  readonly now: FileState | null;
  /** How it stood then. */
  readonly then: FileState | null;
  /** The bytes of then; null where no file stood. */
  readonly image: Content | null;
}

/**
 * Reads what effects changed behind an entry.
 *
 * @param machine - of the vault
 * @param options - the entry, and the folder whose paths are meant
 * @returns by absolute path; a path that no effect has touched since is not among them
 * @throws a failure `changes_unreadable` when the log no longer holds what an effect changed
 */
export async function changedSince(
  machine: MachinePort,
  { at, folder }: { readonly at: number; readonly folder: string },
): Promise<ReadonlyMap<string, ChangedSince>> {
  const changed = new Map<string, ChangedSince>();
  const { effects } = await readHistory(machine, 0);
  // In the order in which they reached the tree: the first tells how it was, the last how it is.
  for (const effect of effects.values()) {
    if (effect.position <= at) continue;
    for (const { path, before, after, image } of await changesOf(effect, machine)) {
      if (!liesIn(path, folder)) continue;
      const first = changed.get(path) ?? { then: before, image };
      changed.set(path, { then: first.then, image: first.image, now: after });
    }
  }
  return changed;
}
