/** Reaches files below a root without ever leaving it: no link is followed, no pipe is waited for. Paths are byte texts. */
import { type Stats, constants, lstatSync, openSync } from "node:fs";
import { toBytes } from "./byte-path.ts";

/** Folders looked at so far: true for a real folder, false for a link or something else. */
export type KnownFolders = Map<string, boolean>;

/**
 * Starts with the root, which is real.
 * @returns folders to be passed to `statBelow`
 */
export function knownFolders(): KnownFolders {
  return new Map([["", true]]);
}

/**
 * Looks at what a path below the root names.
 * @returns its status, a link's own; undefined when nothing is there, or when a folder on the way to it is a link
 */
export function statBelow(
  base: string,
  { path, known }: { readonly path: string; readonly known: KnownFolders },
): Stats | undefined {
  return isRealFolder(base, { folder: parentOf(path), known }) ? statOf(`${base}/${path}`) : undefined;
}

/**
 * Opens a file for reading. Neither a link nor a pipe that took its place since it was looked at is opened.
 * @returns the descriptor
 * @throws what the system says when it cannot be opened
 */
export function openRegular(place: string): number {
  return openSync(toBytes(place), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
}

/** Tells whether every part of a folder's path is a folder and no link: else a path "in" it lies somewhere else. */
function isRealFolder(
  base: string,
  { folder, known }: { readonly folder: string; readonly known: KnownFolders },
): boolean {
  const before = known.get(folder);
  if (before !== undefined) return before;
  const real =
    isRealFolder(base, { folder: parentOf(folder), known }) && statOf(`${base}/${folder}`)?.isDirectory() === true;
  known.set(folder, real);
  return real;
}

function statOf(place: string): Stats | undefined {
  try {
    return lstatSync(toBytes(place));
  } catch {
    return undefined;
  }
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}
