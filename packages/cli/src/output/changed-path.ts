/**
 * One changed path, for people: what became of it, its sizes, and the lines that differ.
 */
import type { ChangeRecord } from "@toka/service";

import { showOnOneLine, showSafely } from "./plain.ts";

type FileState = ChangeRecord["before"];

/**
 * Names a path as people do who stand in the workspace.
 *
 * @param path - absolute
 * @param workspace - absolute
 * @returns the path from the workspace where it lies in it; not yet safe to show
 */
export function fromWorkspace(path: string, workspace: string): string {
  const folder = workspace === "/" ? "/" : `${workspace}/`;
  return path.startsWith(folder) && path.length > folder.length ? path.slice(folder.length) : path;
}

/**
 * Tells what a path was and is.
 *
 * @param change - its states; null stands for nothing there
 * @returns such as `120 → 204 bytes`, `mode 755 → 644` or `link → a.txt`, safe to show
 */
export function showStates({ before, after }: { readonly before: FileState; readonly after: FileState }): string {
  if (before?.type === "file" && after?.type === "file") {
    const sizes = before.digest === after.digest ? [] : [`${before.size} → ${after.size} bytes`];
    const modes = before.mode === after.mode ? [] : [`mode ${octal(before.mode)} → ${octal(after.mode)}`];
    return [...sizes, ...modes].join(", ");
  }
  if (before?.type === "directory" && after?.type === "directory")
    return `folder, mode ${octal(before.mode)} → ${octal(after.mode)}`;
  if (before === null) return showState(after);
  return after === null ? showState(before) : `${showState(before)} → ${showState(after)}`;
}

function showState(state: FileState): string {
  if (state === null) return "nothing";
  if (state.type === "directory") return "folder";
  return state.type === "file" ? `${state.size} bytes` : `link to ${showOnOneLine(state.target)}`;
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}

/** What is compared. */
export interface ComparedPath {
  readonly path: string;
  readonly before: FileState;
  readonly after: FileState;
  /** Hunks; null when there are none to show. */
  readonly diff: string | null;
}

/**
 * Writes one path as a unified diff.
 *
 * @param compared - the path as people name it, its states, and its hunks
 * @param colours - whether a terminal shows them
 * @returns lines that are safe to show; bytes that are no text, links and folders in one line each
 */
export function diffLines(
  { path, before, after, diff }: ComparedPath,
  { colours }: { readonly colours: boolean },
): readonly string[] {
  const name = quoted(path);
  const old = before === null ? "/dev/null" : `a/${name}`;
  const young = after === null ? "/dev/null" : `b/${name}`;
  const paint = colours ? painted : (line: string): string => line;
  if (diff === null || diff === "") return [paint(`${old} ${young}: ${describeBoth(before, after)}`)];
  const lines = diff.split("\n").slice(0, -1);
  return [`--- ${old}`, `+++ ${young}`, ...lines.map(showSafely)].map(paint);
}

function describeBoth(before: FileState, after: FileState): string {
  return `${described(before)} → ${described(after)}`;
}

function described(state: FileState): string {
  return state?.type === "file" ? `${state.size} bytes, mode ${octal(state.mode)}, ${state.digest}` : showState(state);
}

/** A name that spans lines would make lines of its own. */
function quoted(path: string): string {
  const safe = showOnOneLine(path);
  return safe === path ? path : `"${safe}"`;
}

const colourOf: Readonly<Record<string, string>> = { "+": "32", "-": "31", "@": "36" };

/** SGR colours, as ECMA-48 names them. */
function painted(line: string): string {
  if (line.startsWith("--- ") || line.startsWith("+++ ")) return `\u001b[1m${line}\u001b[0m`;
  const colour = colourOf[line[0] ?? ""];
  return colour === undefined ? line : `\u001b[${colour}m${line}\u001b[0m`;
}
