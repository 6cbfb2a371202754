/**
 * Works out what an undo does to the tree, and what stands in its way. Nothing is written here.
 *
 * The changes of all effects are taken back in thought, newest first, path by path; what remains at the end is compared with what stands
 * in the tree. So an effect that was built upon by another one of the same undo is no conflict, and a path that ends as it stands is no
 * change.
 *
 * Docs: docs/decisions/0017-undo.md.
 */
import { dirname, join } from "node:path";
import type { Content, EffectId } from "@toka/kernel";
import type { RecordedChange } from "../gate/changes-document.ts";
import { sameState } from "../sandbox/anchored.ts";
import type { Change, FileState } from "../sandbox/job.ts";
import { depth } from "../sandbox/paths.ts";
import { digestOf, readBefore } from "../sandbox/settle-changes.ts";
import { readText } from "./text.ts";
import { lookAt, namesIn, whyClosed, whyForeign } from "./tree-look.ts";

/** One effect to take back, with what it changed. */
export interface UndoneEffect {
  readonly id: EffectId;
  readonly changes: readonly RecordedChange[];
}

/** Where the bytes come from that an undo writes. */
export type ByteSource =
  | { readonly from: "log"; readonly content: Content }
  | { readonly from: "merge"; readonly bytes: Uint8Array };

/** One path that an undo changes. */
export interface PlannedChange extends Change {
  /** The bytes of a file's `after`; null when there is no file after. */
  readonly source: ByteSource | null;
  /** Whether `after` is a merge with what was changed since. */
  readonly merged: boolean;
}

/** Why a path cannot be taken back. */
export type ConflictReason =
  | "changed_since"
  | "merge_conflict"
  | "folder_not_empty"
  | "folder_missing"
  | "not_writable"
  | "unreadable"
  | "image_missing";

/** One path that stands in the way. */
export interface UndoConflict {
  readonly path: string;
  readonly reason: ConflictReason;
  /** The effect whose change could not be taken back. */
  readonly effect: EffectId;
  /** In words: what was found, and what was wanted. */
  readonly message: string;
}

/** What an undo does. */
export interface UndoPlan {
  /** Sorted by path; empty when there are conflicts. */
  readonly changes: readonly PlannedChange[];
  /** Folders that stay although an effect made them, because something else is in them now. */
  readonly kept: readonly string[];
  /** Sorted by path. */
  readonly conflicts: readonly UndoConflict[];
}

/** How to plan. */
export interface PlanOptions {
  /** Whether what was changed since is kept, where a text can be merged and a folder can stay. */
  readonly merge: boolean;
  /** Reads a payload; undefined when it was erased. */
  readonly payload: (content: Content) => Promise<Uint8Array | undefined>;
  /** Called now and then; what it throws ends the planning. */
  readonly onStep?: () => void;
}

/** One path on its way back. */
interface Walk {
  readonly path: string;
  readonly initial: FileState | null;
  now: FileState | null;
  source: ByteSource | null;
  merged: boolean;
  /** The effect that was taken back last. */
  effect: EffectId;
}

interface Planning {
  readonly options: PlanOptions;
  readonly walks: Map<string, Walk>;
  readonly conflicts: Map<string, UndoConflict>;
  readonly kept: string[];
}

/**
 * Plans an undo.
 *
 * @param effects - the newest first
 * @param options - whether to merge, and how to read payloads
 * @returns what it does, or what stands in its way
 * @throws the system's error when the tree cannot be looked at
 */
export async function planUndo(effects: readonly UndoneEffect[], options: PlanOptions): Promise<UndoPlan> {
  const planning: Planning = { options, walks: new Map(), conflicts: new Map(), kept: [] };
  for (const { id, changes } of effects) {
    for (const change of changes) {
      options.onStep?.();
      if (!planning.conflicts.has(change.path)) await takeBack(planning, { change, effect: id });
    }
  }
  for (const walk of differing(planning)) await checkPlace(planning, walk);
  await checkFolders(planning);
  const conflicts = [...planning.conflicts.values()].toSorted(byPath);
  const changes = differing(planning)
    .map(({ path, initial, now, source, merged }) => ({ path, before: initial, after: now, source, merged }))
    .toSorted(byPath);
  return { changes: conflicts.length > 0 ? [] : changes, kept: planning.kept.toSorted(), conflicts };
}

function byPath(one: { readonly path: string }, other: { readonly path: string }): number {
  return one.path < other.path ? -1 : one.path > other.path ? 1 : 0;
}

/** What an undo would change by now. */
function differing({ walks, conflicts }: Planning): readonly Walk[] {
  return [...walks.values()].filter(({ path, initial, now }) => !conflicts.has(path) && !sameState(initial, now));
}

function refuse(planning: Planning, conflict: UndoConflict): void {
  planning.conflicts.set(conflict.path, conflict);
}

/** Takes back one change of one effect. */
async function takeBack(
  planning: Planning,
  { change, effect }: { readonly change: RecordedChange; readonly effect: EffectId },
): Promise<void> {
  const walk = planning.walks.get(change.path) ?? (await begin(planning, { change, effect }));
  if (walk === undefined) return;
  walk.effect = effect;
  if (sameState(walk.now, change.after)) {
    if (change.before?.type === "file" && change.image === null) {
      const message = "the log holds no bytes of it from before, wanted its before-image";
      return refuse(planning, { path: change.path, reason: "image_missing", effect, message });
    }
    walk.now = change.before;
    walk.source = change.image === null ? null : { from: "log", content: change.image };
    // What was merged before is no more than what this change started from.
    walk.merged = false;
    return;
  }
  const reason = planning.options.merge ? await merge(planning, { walk, change }) : "changed_since";
  if (reason === undefined) return;
  refuse(planning, { path: change.path, reason, effect, message: differenceOf(walk.now, { change, reason }) });
}

async function begin(
  planning: Planning,
  { change, effect }: { readonly change: RecordedChange; readonly effect: EffectId },
): Promise<Walk | undefined> {
  const { path } = change;
  const found = await lookAt(path);
  if (found === "unreadable" || found === "special") {
    const what = found === "special" ? "it is neither file, link nor folder now" : "it may not be read";
    const reason = found === "special" ? "changed_since" : "unreadable";
    refuse(planning, { path, reason, effect, message: `${what}, wanted ${describe(change.after)}` });
    return undefined;
  }
  const walk: Walk = { path, initial: found, now: found, source: null, merged: false, effect };
  planning.walks.set(path, walk);
  return walk;
}

/** @returns undefined when the change could be taken back around what was changed since, else why not */
async function merge(
  planning: Planning,
  { walk, change }: { readonly walk: Walk; readonly change: RecordedChange },
): Promise<ConflictReason | undefined> {
  const { now } = walk;
  const { before, after, image, afterImage } = change;
  // Somebody put it back already, which two sides agree upon.
  if (sameState(now, before)) return undefined;
  if (now?.type !== "file" || before?.type !== "file" || after?.type !== "file") return "changed_since";
  const mode = mergeModes({ base: after.mode, ours: now.mode, theirs: before.mode });
  if (mode === undefined) return "changed_since";
  const [base, ours, theirs] = [
    await text(planning, afterImage),
    now.digest === after.digest ? await text(planning, afterImage) : await currentText(planning, walk),
    await text(planning, image),
  ];
  if (base === undefined || ours === undefined || theirs === undefined) return "changed_since";
  // Few undos merge, and every command would load what compares lines.
  const { mergeTexts } = await import("./merge.ts");
  const merged = mergeTexts({ base, ours, theirs });
  if (merged === undefined) return "merge_conflict";
  const bytes = new TextEncoder().encode(merged);
  walk.now = { type: "file", digest: digestOf(bytes), size: bytes.byteLength, mode };
  walk.source = { from: "merge", bytes };
  walk.merged = true;
  return undefined;
}

function mergeModes(modes: {
  readonly base: number;
  readonly ours: number;
  readonly theirs: number;
}): number | undefined {
  const { base, ours, theirs } = modes;
  if (ours === base || ours === theirs) return theirs;
  return theirs === base ? ours : undefined;
}

async function text({ options }: Planning, content: Content | null | undefined): Promise<string | undefined> {
  const bytes = content === null || content === undefined ? undefined : await options.payload(content);
  return bytes === undefined ? undefined : readText(bytes);
}

/** The text that stands at a path after what was taken back so far. */
async function currentText(planning: Planning, { path, initial, source }: Walk): Promise<string | undefined> {
  if (source?.from === "merge") return readText(source.bytes);
  if (source?.from === "log") return text(planning, source.content);
  // A text that is too long to have been kept is not worth reading either.
  if (initial?.type !== "file" || initial.size > mergedBytesMax) return undefined;
  return readText(await readBefore({ path, before: initial, after: null }));
}

/** Bytes of a text as it stands in the tree that is merged. */
const mergedBytesMax = 4_194_304;

/** What is put or taken away must have a folder to stand in, and that folder must let it come and go. */
async function checkPlace(planning: Planning, { path, initial, now, effect }: Walk): Promise<void> {
  if (initial?.type === "directory" && now?.type === "directory") {
    const foreign = await whyForeign(path);
    const message = `its mode may not be changed: ${foreign ?? ""}`;
    if (foreign !== undefined) refuse(planning, { path, reason: "not_writable", effect, message });
    return;
  }
  const folder = dirname(path);
  const planned = planning.walks.get(folder);
  const stands = planned === undefined ? await lookAt(folder) : planned.now;
  const isFolder = stands !== null && typeof stands === "object" && stands.type === "directory";
  if (now !== null && !isFolder) {
    const found = typeof stands === "string" ? stands : describe(stands);
    refuse(planning, {
      path,
      reason: "folder_missing",
      effect,
      message: `its folder is ${found} now, wanted a folder`,
    });
    return;
  }
  // A folder that the undo makes or opens is the undo's own.
  if (planned !== undefined && !sameState(planned.initial, planned.now)) return;
  const closed = await whyClosed(folder);
  if (closed === undefined) return;
  refuse(planning, { path, reason: "not_writable", effect, message: `its folder may not be written: ${closed}` });
}

/** A folder goes only when nothing is left in it; with merge, it stays instead. */
async function checkFolders(planning: Planning): Promise<void> {
  const deepestFirst = differing(planning).toSorted((one, other) => depth(other.path) - depth(one.path));
  for (const walk of deepestFirst) {
    if (walk.initial?.type !== "directory" || walk.now?.type === "directory") continue;
    const names = await namesIn(walk.path);
    const left = names.findIndex((name) => name === undefined || !goes(planning, join(walk.path, name)));
    if (left < 0) continue;
    if (planning.options.merge && walk.now === null) {
      planning.kept.push(walk.path);
      walk.now = walk.initial;
      continue;
    }
    const { path, effect } = walk;
    const message = `it holds ${names[left] ?? "a name that is not UTF-8"} now, wanted a folder with nothing but what is undone`;
    refuse(planning, { path, reason: "folder_not_empty", effect, message });
  }
}

/** What is in conflict is told of already, and its folder need not be. */
function goes({ walks, conflicts }: Planning, path: string): boolean {
  return conflicts.has(path) || walks.get(path)?.now === null;
}

function differenceOf(
  now: FileState | null,
  { change, reason }: { readonly change: RecordedChange; readonly reason: ConflictReason },
): string {
  if (reason === "merge_conflict") return "the same lines were changed since, which cannot be merged";
  return `it is ${describe(now)} now, wanted ${describe(change.after)} as the effect left it`;
}

function describe(state: FileState | null): string {
  switch (state?.type) {
    case undefined:
      return "nothing";
    case "file":
      return `a file of ${state.size} bytes and mode ${octal(state.mode)} with the digest ${state.digest.slice(0, digestCharsShown)}`;
    case "symlink":
      return `a link to ${state.target}`;
    case "directory":
      return `a folder of mode ${octal(state.mode)}`;
  }
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, "0");
}

/** Of a digest, enough to tell two apart. */
const digestCharsShown = 15;
