/**
 * Merges two changes of one text, line by line: what both made of the base, or nothing when they touch the same lines.
 *
 * Changes that overlap or touch each other are in conflict unless they are the same, as with git. Nothing is ever written with marks.
 * Source: S. Khanna, K. Kunal, B. Pierce, "A formal investigation of diff3" (2007).
 */
import { diffArrays } from "diff";
import { linesOf } from "./text.ts";

/** Lines that may differ: beyond it the comparison would take seconds, and the texts have little in common. */
export const editsMax = 2_000;

/** Three texts. */
export interface MergeInput {
  readonly base: string;
  readonly ours: string;
  readonly theirs: string;
}

/** Lines of the base, from `start` to before `end`, that one side replaced. */
interface Hunk {
  readonly start: number;
  readonly end: number;
  readonly lines: readonly string[];
}

/**
 * Merges what two sides made of a text.
 *
 * @param texts - the base, and the two sides
 * @returns the merged text; undefined when they are in conflict, or differ too much to compare
 */
export function mergeTexts({ base, ours, theirs }: MergeInput): string | undefined {
  if (base === theirs || ours === theirs) return ours;
  if (base === ours) return theirs;
  const baseLines = linesOf(base);
  const left = hunksOf(baseLines, linesOf(ours));
  const right = hunksOf(baseLines, linesOf(theirs));
  if (left === undefined || right === undefined) return undefined;
  const pieces: (readonly string[])[] = [];
  let at = 0;
  let [mine, yours] = [0, 0];
  while (mine < left.length || yours < right.length) {
    const group = nextGroup({ left: left.slice(mine), right: right.slice(yours) });
    const chosen = choose(baseLines, group);
    if (chosen === undefined) return undefined;
    pieces.push(baseLines.slice(at, group.start), chosen);
    at = group.end;
    mine += group.left.length;
    yours += group.right.length;
  }
  pieces.push(baseLines.slice(at));
  const merged = pieces.flat();
  // A line without its line feed that is no longer the last one would run into the next.
  return merged.slice(0, -1).every((line) => line.endsWith("\n")) ? merged.join("") : undefined;
}

function hunksOf(base: readonly string[], side: readonly string[]): readonly Hunk[] | undefined {
  const parts = diffArrays([...base], [...side], { maxEditLength: editsMax });
  if (parts === undefined) return undefined;
  const hunks: { start: number; end: number; lines: readonly string[] }[] = [];
  let at = 0;
  let open: (typeof hunks)[number] | undefined;
  for (const { added, removed, value } of parts) {
    if (!added && !removed) {
      at += value.length;
      open = undefined;
      continue;
    }
    if (open === undefined) hunks.push((open = { start: at, end: at, lines: [] }));
    if (added) open.lines = open.lines.concat(value);
    else {
      at += value.length;
      open.end = at;
    }
  }
  return hunks;
}

interface Group {
  readonly start: number;
  readonly end: number;
  readonly left: readonly Hunk[];
  readonly right: readonly Hunk[];
}

/** The first hunk of either side, with all that overlap or touch it, directly or through each other. */
function nextGroup(sides: { readonly left: readonly Hunk[]; readonly right: readonly Hunk[] }): Group {
  const start = Math.min(sides.left[0]?.start ?? Infinity, sides.right[0]?.start ?? Infinity);
  let end = start;
  const taken = { left: 0, right: 0 };
  const grow = (side: "left" | "right"): boolean => {
    const next = sides[side][taken[side]];
    if (next === undefined || next.start > end) return false;
    end = Math.max(end, next.end);
    taken[side] += 1;
    return true;
  };
  while (grow("left") || grow("right"));
  return { start, end, left: sides.left.slice(0, taken.left), right: sides.right.slice(0, taken.right) };
}

function choose(base: readonly string[], group: Group): readonly string[] | undefined {
  if (group.right.length === 0) return rewritten(base, { group, hunks: group.left });
  if (group.left.length === 0) return rewritten(base, { group, hunks: group.right });
  const ours = rewritten(base, { group, hunks: group.left });
  const theirs = rewritten(base, { group, hunks: group.right });
  return ours.length === theirs.length && ours.every((line, index) => line === theirs[index]) ? ours : undefined;
}

/** The lines of a group as one side has them. */
function rewritten(
  base: readonly string[],
  { group, hunks }: { readonly group: Group; readonly hunks: readonly Hunk[] },
): readonly string[] {
  const pieces: (readonly string[])[] = [];
  let at = group.start;
  for (const hunk of hunks) {
    pieces.push(base.slice(at, hunk.start), hunk.lines);
    at = hunk.end;
  }
  return [...pieces, base.slice(at, group.end)].flat();
}
