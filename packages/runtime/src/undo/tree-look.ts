/** Looks at the tree for an undo: what stands where, what is in a folder, and whether a folder lets entries come and go. */
import { access, constants, lstat, readdir } from "node:fs/promises";
import { decodeName, hasCode, isAbsent, withEntry } from "../sandbox/anchored.ts";
import type { FileState } from "../sandbox/job.ts";
import { readTree } from "../sandbox/settle-changes.ts";

/**
 * Looks at one path. A link on the way to it is not followed: what lies behind one is not there.
 *
 * @returns its state; null when nothing is there
 * @throws the system's error when it cannot be looked at for another reason than its mode
 */
export async function lookAt(path: string): Promise<FileState | "special" | "unreadable" | null> {
  try {
    const found = await readTree(path);
    return found?.type === "special" ? "special" : found;
  } catch (error) {
    if (hasCode(error, "EACCES")) return "unreadable";
    throw error;
  }
}

/**
 * Lists a folder of the tree.
 *
 * @returns the names in it, undefined for one that is not UTF-8; nothing when there is no folder
 * @throws the system's error when it cannot be listed
 */
export async function namesIn(folder: string): Promise<readonly (string | undefined)[]> {
  try {
    return await withEntry(`${folder}/.`, async ({ folder: open }) => {
      const names = await readdir(`/proc/self/fd/${open.fd}`, { encoding: "buffer" });
      return names.map(decodeName);
    });
  } catch (error) {
    if (isAbsent(error) || hasCode(error, "ELOOP")) return [];
    throw error;
  }
}

/**
 * Asks whether entries of a folder may come and go.
 *
 * @returns the system's word for why not; undefined when they may
 */
export async function whyClosed(folder: string): Promise<string | undefined> {
  try {
    await withEntry(folder === "/" ? "/." : `${folder}/.`, ({ folder: open }) =>
      access(`/proc/self/fd/${open.fd}`, constants.W_OK | constants.X_OK),
    );
    return undefined;
  } catch (error) {
    return codeOf(error);
  }
}

/**
 * Asks whether the mode of a folder may be changed, which its owner alone may do, and root.
 *
 * @returns why not; undefined when it may
 */
export async function whyForeign(folder: string): Promise<string | undefined> {
  const uid = process.getuid?.();
  if (uid === 0) return undefined;
  try {
    const stats = await withEntry(folder, ({ at }) => lstat(at));
    return stats.uid === uid ? undefined : `it belongs to the user ${stats.uid}`;
  } catch (error) {
    return codeOf(error);
  }
}

function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return "code" in error && typeof error.code === "string" ? error.code : error.message;
}
