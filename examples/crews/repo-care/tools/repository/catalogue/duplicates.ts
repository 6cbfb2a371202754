/** Files with the same content: same size, then same SHA-256. Empty files are all alike and no duplicates. */
import type { SeenFile } from "./inspection.ts";

/** One content that several files have. */
export interface DuplicateGroup {
  readonly sha256: string;
  readonly size: number; // bytes of one file
  readonly wasted: number; // bytes of all copies but one
  readonly files: readonly SeenFile[]; // by path
}

/**
 * Groups equal files.
 * @returns the groups, the most wasteful first
 */
export function findDuplicates(files: readonly SeenFile[]): readonly DuplicateGroup[] {
  const groups = new Map<string, SeenFile[]>();
  for (const file of files) {
    if (file.digest === undefined) continue;
    const key = `${file.size}:${file.digest}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [file]);
    else group.push(file);
  }
  return [...groups.values()]
    .filter((group) => group.length > 1)
    .map((group) => {
      const size = group[0]?.size ?? 0;
      return { sha256: group[0]?.digest ?? "", size, wasted: size * (group.length - 1), files: group };
    })
    .toSorted((left, right) => right.wasted - left.wasted || (left.sha256 < right.sha256 ? -1 : 1));
}
