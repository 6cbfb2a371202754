/**
 * Reads what a run left in its layer as a list of changes against the tree: overlayfs keeps a deleted
 * entry as a character device 0/0 and a replaced folder with a mark (told by the launcher).
 *
 * Source: Documentation/filesystems/overlayfs.rst of Linux; docs/decisions/0004-write-layer.md.
 */
import { chmod, lstat, readdir } from "node:fs/promises";
import type { Stats } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import {
  decodeName,
  hasCode,
  isAbsent,
  readState,
  sameState,
  withEntry,
  withFolder,
  type Unusual,
} from "./anchored.ts";
import type { Change, Dropped, DroppedReason, FileState } from "./job.ts";
import { layerEntriesMax, type LayerPart } from "./order.ts";
import { isBelow, nearestExisting } from "./paths.ts";
import { isGitPointer, isProtected } from "./protected-paths.ts";

/** Linux's PATH_MAX: what lies deeper in a layer cannot be named. */
const pathBytesMax = 4096;
/** Bytes of files, before and after together, that one run may change: what settlement has to keep. */
const changedBytesMax = 1024 * 1024 * 1024;

/** What the comparison needs beside the layer itself. */
export interface LayerView {
  readonly layer: string;
  readonly parts: readonly LayerPart[];
  /** Folders marked opaque, by part: raw paths from the part's root (empty for the root), as Latin-1. */
  readonly opaque: ReadonlyMap<number, ReadonlySet<string>>;
  readonly writePaths: readonly string[];
  readonly hiddenPaths: readonly string[];
  /** When the layer was made, on the clock of the file system, in ns. */
  readonly madeNs: bigint;
}

interface Comparison {
  readonly view: LayerView;
  readonly changes: Change[];
  readonly dropped: Dropped[];
  bytes: number;
}

/** One entry on its way through the comparison. */
interface Place {
  readonly part: LayerPart;
  /** Path in the layer, as raw bytes. */
  readonly upper: Buffer;
  /** Path in the tree, as raw bytes, through the open folder that holds it; null when that folder does not exist. */
  readonly lower: Buffer | null;
  /** Path below the part's root, as raw bytes; empty for the root itself. */
  readonly below: Buffer;
  /** Whether the tree's entries still show through here. */
  readonly merged: boolean;
}

const slash: Buffer = Buffer.from("/");

/**
 * Compares a layer with the tree.
 *
 * @param view the layer and how it came about
 * @returns changes and what must not become one, both sorted by path
 * @throws the system's error when the layer or the tree cannot be read
 */
export async function compareLayer(
  view: LayerView,
): Promise<{ changes: readonly Change[]; dropped: readonly Dropped[] }> {
  const comparison: Comparison = { view, changes: [], dropped: [], bytes: 0 };
  for (const part of view.parts) await comparePart(comparison, part);
  const byPath = (one: { path: string }, other: { path: string }): number =>
    one.path < other.path ? -1 : one.path > other.path ? 1 : 0;
  comparison.changes.sort(byPath);
  comparison.dropped.sort(byPath);
  if (comparison.changes.length <= layerEntriesMax) return comparison;
  const dropped: Dropped[] = view.parts.map((part) => ({ path: part.path, reason: "too_many_changes" }));
  return { changes: [], dropped };
}

async function comparePart(comparison: Comparison, part: LayerPart): Promise<void> {
  const before = comparison.changes.length;
  const isFile = part.kind === "file" || part.kind === "new-file";
  const folder = join(comparison.view.layer, String(part.index), "upper");
  const upper = Buffer.from(isFile ? join(folder, basename(part.path)) : folder);
  const place: Place = { part, upper, lower: null, below: Buffer.alloc(0), merged: part.kind !== "new-file" };
  await reachTree(part.path, async (lower) => {
    const reached: Place = { ...place, lower };
    // Merged, even where it did not exist: another run may have made the same folder meanwhile, and what
    // it put there was not taken away by this one.
    if (!isFile) return descend(comparison, { place: reached, merged: !isOpaque(comparison, reached) });
    const stats = await statsOf(upper);
    // The placeholder of a new file was dated 1970 when it was made: untouched, it is no change.
    const touched = part.kind === "file" || (stats !== undefined && (stats.size > 0 || stats.mtimeMs !== 0));
    if (stats !== undefined && touched) await compareEntry(comparison, reached);
  });
  const isNew = part.kind === "new-folder" || part.kind === "new-file";
  if (isNew && comparison.changes.length > before) addMissingFolders(comparison, part);
}

/** Hands over a path of the tree through the open folder that holds it; null when there is none. */
async function reachTree(path: string, use: (lower: Buffer | null) => Promise<void>): Promise<void> {
  let reached = false;
  try {
    await withEntry(path, ({ at }) => {
      reached = true;
      return use(Buffer.from(at));
    });
  } catch (error) {
    if (reached || !(isAbsent(error) || hasCode(error, "ELOOP"))) throw error;
    await use(null);
  }
}

/** The folders above a new path that the tree lacks, and the new folder itself. */
function addMissingFolders(comparison: Comparison, part: LayerPart): void {
  const existing = nearestExisting(part.path);
  for (
    let path = part.kind === "new-folder" ? part.path : dirname(part.path);
    isBelow(path, existing);
    path = dirname(path)
  ) {
    if (comparison.changes.some((change) => change.path === path)) continue;
    comparison.changes.push({ path, before: null, after: { type: "directory", mode: 0o755 } });
  }
}

/** Goes into a folder of the layer, and into the tree's own folder of that name when there is one. */
async function descend(comparison: Comparison, { place, merged }: { place: Place; merged: boolean }): Promise<void> {
  await openUp(place.upper, { stats: await lstat(place.upper), wanted: 0o700 });
  const names = await readdir(place.upper, { encoding: "buffer" });
  await withFolder(place.lower, async (folder) => {
    for (const name of names) await compareEntry(comparison, { ...child(place, { name, folder }), merged });
    if (merged || folder === null) return;
    const kept = new Set(names.map((name) => name.toString("latin1")));
    for (const name of await readdir(folder, { encoding: "buffer" })) {
      if (!kept.has(name.toString("latin1"))) await removeTree(comparison, child(place, { name, folder }));
    }
  });
}

function child(place: Place, { name, folder }: { name: Buffer; folder: Buffer | null }): Place {
  const below = (parent: Buffer): Buffer => Buffer.concat([parent, slash, name]);
  return {
    part: place.part,
    upper: below(place.upper),
    lower: folder === null ? null : below(folder),
    below: below(place.below),
    merged: place.merged,
  };
}

async function compareEntry(comparison: Comparison, place: Place): Promise<void> {
  if (place.upper.length >= pathBytesMax) return drop(comparison, place, "too_large");
  const stats = await lstat(place.upper);
  if (stats.isCharacterDevice() && stats.rdev === 0) {
    await removeTree(comparison, place);
    return;
  }
  const path = decodeName(Buffer.concat([Buffer.from(place.part.path), place.below]));
  if (path === undefined) return drop(comparison, place, "name_not_utf8");
  const after = await stateInLayer(place.upper, stats);
  if (after === null) return;
  if (after.type === "special") return drop(comparison, place, after.reason);
  const refusal = refusalOf(comparison, { path, part: place.part, after });
  const before = await stateInTree(place.lower);
  // A folder that merely holds changes is none itself, whatever it is called.
  const same = sameState(before, after);
  if (!same && refusal !== undefined) return drop(comparison, place, refusal);
  if (before?.type === "special") return drop(comparison, place, before.reason);
  if (before?.type === "directory" && after.type !== "directory" && !(await removeChildren(comparison, place))) return;
  if (!same) {
    if (before !== null && before.type !== "directory" && (await changedSince(comparison, place))) {
      return drop(comparison, place, "tree_changed_meanwhile");
    }
    if (!addBytes(comparison, before, after)) return drop(comparison, place, "too_large");
    comparison.changes.push({ path, before, after });
  }
  if (after.type === "directory") {
    const merged = place.merged && before?.type === "directory" && !isOpaque(comparison, place);
    // Below what was no folder, nothing of the tree stands.
    const lower = before?.type === "directory" ? place.lower : null;
    await descend(comparison, { place: { ...place, lower }, merged });
  }
}

function refusalOf(
  comparison: Comparison,
  { path, part, after }: { path: string; part: LayerPart; after: FileState | null },
): DroppedReason | undefined {
  const { writePaths, hiddenPaths } = comparison.view;
  const named = writePaths.map((given) => given.replace(/\/$/, ""));
  if (isProtected(path, { root: part.path, named })) return "protected";
  if (isGitPointer(path, after?.type ?? null)) return "protected";
  if (hiddenPaths.some((hidden) => (path === hidden || isBelow(path, hidden)) && !isBelow(part.path, hidden)))
    return "hidden";
  if (after?.type === "symlink" && leaves(path, { target: after.target, root: part.path }))
    return "symlink_leaves_grant";
  return undefined;
}

/** Whether a link may lead out of its write path. Judged by its text, which must not climb after it descends. */
function leaves(path: string, { target, root }: { target: string; root: string }): boolean {
  const components = target.split("/").filter((component) => component !== "" && component !== ".");
  const descends = components.findIndex((component) => component !== "..");
  if (descends !== -1 && components.indexOf("..", descends) !== -1) return true;
  const reached = normalize(target.startsWith("/") ? target : join(dirname(path), target));
  return reached !== root && !isBelow(reached, root);
}

/** Records that an entry of the tree and all below it is gone; all or nothing. */
async function removeTree(comparison: Comparison, place: Place): Promise<boolean> {
  const removed: Change[] = [];
  const bytesBefore = comparison.bytes;
  const reason = await collectRemoved(comparison, { place, removed });
  if (reason !== undefined) {
    comparison.bytes = bytesBefore;
    drop(comparison, place, reason);
    return false;
  }
  for (const change of removed) comparison.changes.push(change);
  return true;
}

/** Collects the entries that are gone; says why when one of them may not go. */
async function collectRemoved(
  comparison: Comparison,
  { place, removed }: { place: Place; removed: Change[] },
): Promise<DroppedReason | undefined> {
  const state = await stateInTree(place.lower);
  if (state === null) return undefined;
  const path = decodeName(Buffer.concat([Buffer.from(place.part.path), place.below]));
  if (path === undefined) return "name_not_utf8";
  if (state.type === "special") return state.reason;
  const reason = await refuseRemoval(comparison, { path, state, place });
  if (reason !== undefined) return reason;
  removed.push({ path, before: state, after: null });
  if (removed.length > layerEntriesMax) return "too_many_changes";
  if (state.type !== "directory") return undefined;
  return withFolder(place.lower, async (folder) => {
    for (const name of folder === null ? [] : await readdir(folder, { encoding: "buffer" })) {
      const inner = await collectRemoved(comparison, { place: child(place, { name, folder }), removed });
      if (inner !== undefined) return inner;
    }
    return undefined;
  });
}

async function refuseRemoval(
  comparison: Comparison,
  { path, state, place }: { path: string; state: FileState; place: Place },
): Promise<DroppedReason | undefined> {
  const refusal = refusalOf(comparison, { path, part: place.part, after: null });
  if (refusal !== undefined) return refusal;
  if (state.type !== "directory" && (await changedSince(comparison, place))) return "tree_changed_meanwhile";
  return addBytes(comparison, state, null) ? undefined : "too_large";
}

/** A folder that became something else: its former entries are gone. */
function removeChildren(comparison: Comparison, place: Place): Promise<boolean> {
  return withFolder(place.lower, async (folder) => {
    for (const name of folder === null ? [] : await readdir(folder, { encoding: "buffer" })) {
      if (!(await removeTree(comparison, child(place, { name, folder })))) return false;
    }
    return true;
  });
}

function addBytes(comparison: Comparison, before: FileState | null, after: FileState | null): boolean {
  const sizeOf = (state: FileState | null): number => (state?.type === "file" ? state.size : 0);
  comparison.bytes += sizeOf(before) + sizeOf(after);
  return comparison.bytes <= changedBytesMax;
}

/** Whether the tree's own entry was touched since the layer was made: the run did not see it so. */
async function changedSince(comparison: Comparison, { lower }: Place): Promise<boolean> {
  if (lower === null) return false;
  const stats = await lstat(lower, { bigint: true });
  return stats.ctimeNs > comparison.view.madeNs;
}

function isOpaque(comparison: Comparison, place: Place): boolean {
  return comparison.view.opaque.get(place.part.index)?.has(place.below.toString("latin1")) === true;
}

function drop(comparison: Comparison, place: Place, reason: DroppedReason): void {
  const bytes = Buffer.concat([Buffer.from(place.part.path), place.below]);
  comparison.dropped.push({ path: decodeName(bytes) ?? escapeName(bytes), reason });
}

/** Writes bytes beyond ASCII and backslashes as `\xNN`, so that nothing is lost. */
function escapeName(bytes: Buffer): string {
  return [...bytes]
    .map((byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c
        ? String.fromCharCode(byte)
        : `\\x${byte.toString(16).padStart(2, "0")}`,
    )
    .join("");
}

async function statsOf(path: Buffer): Promise<Stats | undefined> {
  try {
    return await lstat(path);
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

/** The state of an entry of the layer, as the program left it. */
async function stateInLayer(path: Buffer, stats: Stats): Promise<FileState | Unusual | null> {
  if (stats.isFile()) await openUp(path, { stats, wanted: 0o400 });
  const state = await readState(path, { strict: true });
  return state?.type === "file" ? { ...state, mode: stats.mode & 0o777 } : state;
}

/** The state of an entry of the tree; what the host may not read, no run may change. */
async function stateInTree(path: Buffer | null): Promise<FileState | Unusual | null> {
  if (path === null) return null;
  try {
    return await readState(path);
  } catch (error) {
    if (hasCode(error, "EACCES")) return { type: "special", reason: "unreadable" };
    throw error;
  }
}

/**
 * A plain user's program can leave entries that even their owner may not read. They are the layer's
 * own, and their modes are noted by then: open them for good.
 */
async function openUp(path: Buffer, { stats, wanted }: { stats: Stats; wanted: number }): Promise<void> {
  if (process.getuid?.() !== 0 && (stats.mode & wanted) !== wanted) await chmod(path, (stats.mode & 0o777) | wanted);
}
