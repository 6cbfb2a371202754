/** Paths in a value of the state, written anew for folders that are elsewhere. */
import type { FolderMove } from "../operations/vault-fork.ts";

/**
 * A value in which every text that is a path, or a permission for one, in a folder that moved names the folder it moved to.
 *
 * @param value plain data: texts, numbers, lists and objects
 * @param moves of folders; where one lies in another, the inner one holds
 * @returns the same value, or one of the same shape
 */
export function movedIn<T>(value: T, moves: readonly FolderMove[]): T {
  const innerFirst = [...moves].sort((left, right) => right.from.length - left.from.length);
  return moved(value, innerFirst) as T;
}

function moved(value: unknown, moves: readonly FolderMove[]): unknown {
  if (typeof value === "string") return movedText(value, moves);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((one: unknown) => moved(one, moves));
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, moved(one, moves)]));
}

function movedText(text: string, moves: readonly FolderMove[]): string {
  const begin = fileActions.find((action) => text.startsWith(action)) ?? "";
  const path = text.slice(begin.length);
  for (const { from, to } of moves)
    if (path === from || path.startsWith(`${from}/`)) return begin + to + path.slice(from.length);
  return text;
}

const fileActions = ["fs.read:", "fs.write:"];
