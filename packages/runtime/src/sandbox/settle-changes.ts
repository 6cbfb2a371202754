/**
 * Brings changes into the tree, and reads the bytes that they speak of. Used at settlement with the
 * changes of a run, after a crash with the same changes again, and by an undo with before and after
 * exchanged. Nothing here follows a symbolic link.
 */
import { constants } from "node:fs";
import { chmod, lchown, lstat, mkdir, open, readFile, rename, rmdir, symlink, unlink } from "node:fs/promises";
import { createHash } from "node:crypto";
import { basename, dirname, join } from "node:path";
import { hasCode, isAbsent, openFile, readState, sameState, withEntry, type Anchor, type Unusual } from "./anchored.ts";
import type { Change, FileState } from "./job.ts";
import { forEachAtOnce } from "./lanes.ts";
import { layerFailure } from "./layer.ts";
import type { LayerPart } from "./order.ts";
import { depth, isBelow } from "./paths.ts";

/** Bytes up to which files are written at once with others (1 MiB). */
const smallBytesMax: number = 1024 * 1024;

/** What came of applying: the paths that now stand as wanted, and those that somebody else changed. */
export interface Applied {
  readonly applied: readonly string[];
  readonly conflicts: readonly string[];
}

/**
 * Names a file in a layer of kind `by-digest`.
 *
 * @param state of a file
 * @returns the name of the file that holds its bytes
 * @throws Error when the state is no file's
 */
export function digestName(state: FileState | null): string {
  if (state?.type !== "file") throw new Error("Cannot name bytes by their digest: the state is not that of a file");
  return state.digest.replace(":", "-");
}

/** Where the bytes of a file's new state come from: the layer, or the payloads of the log. */
export type ContentSource = (change: Change) => Promise<Uint8Array>;

/**
 * Reads the bytes a change wants to write, from the layer they were written in.
 *
 * @param layer the run's layer
 * @param change a change of that run whose `after` is a file
 * @returns the bytes, checked against the digest
 * @throws SandboxFailure when the layer does not hold them (any more)
 */
export async function readAfter(layer: string, change: Change): Promise<Uint8Array> {
  const parts = await readParts(layer);
  const part = parts.find((candidate) => change.path === candidate.path || isBelow(change.path, candidate.path));
  if (part === undefined)
    throw layerFailure(`Cannot read ${change.path} from ${layer}`, new Error("no write path of the layer holds it"));
  const upper = join(layer, String(part.index), "upper");
  if (part.kind === "by-digest")
    return readChecked(join(upper, digestName(change.after)), { state: change.after, path: change.path });
  const isFile = part.kind === "file" || part.kind === "new-file";
  const at = isFile ? join(upper, basename(part.path)) : `${upper}${change.path.slice(part.path.length)}`;
  return readChecked(at, { state: change.after, path: change.path });
}

/**
 * Reads the bytes that a change takes away, from the tree.
 *
 * @param change a change whose `before` is a file
 * @returns the bytes, checked against the digest
 * @throws SandboxFailure when the tree holds something else by now
 */
export function readBefore(change: Change): Promise<Uint8Array> {
  return readChecked(change.path, { state: change.before, path: change.path });
}

/**
 * Finds the changes that no longer fit the tree.
 *
 * @returns paths whose state in the tree is not the change's `before`, in the order given
 */
export async function findConflicts(changes: readonly Change[]): Promise<readonly string[]> {
  const conflicts = new Set<string>();
  await forEachAtOnce(changes, async ({ path, before }) => {
    if (!sameState(await readTree(path), before)) conflicts.add(path);
  });
  return changes.map(({ path }) => path).filter((path) => conflicts.has(path));
}

/**
 * Applies changes to the tree. A path that already stands as wanted is left alone, so that an apply
 * cut short by a crash is simply done again; a path that stands neither as before nor as after was
 * changed by somebody else, is left alone and reported. Files are replaced whole: written beside,
 * flushed, renamed. A new entry gets the owner of what it replaces, or of its folder. Folders are flushed once, when all is in them: until
 * this has returned, whoever calls keeps what an apply is done again from.
 *
 * @param changes what to do; each path at most once
 * @param contentOf gives the bytes of a file's `after`
 * @returns what was done and what was left
 * @throws the system's error (a full disk, no permission): the apply can be done again
 */
export async function applyChanges(changes: readonly Change[], contentOf: ContentSource): Promise<Applied> {
  const conflicts = new Set<string>();
  for (const change of changes) await openFolder(change);
  const deepestFirst = [...changes].sort((one, other) => depth(other.path) - depth(one.path));
  for (const change of deepestFirst) {
    const goes = change.before !== null && change.after?.type !== change.before.type;
    if (goes && !(await remove(change))) conflicts.add(change.path);
  }
  const coming = deepestFirst.toReversed().filter(({ path, after }) => after !== null && !conflicts.has(path));
  const putOne = async (change: Change): Promise<void> => {
    if (!(await put(change, contentOf))) conflicts.add(change.path);
  };
  // A folder comes before what is in it; what is in none of the others can come at once.
  for (const change of coming) if (!isSmallFile(change)) await putOne(change);
  await forEachAtOnce(coming.filter(isSmallFile), putOne);
  await forEachAtOnce(new Set(changes.map(({ path }) => dirname(path))), flushFolder);
  // Last, because a folder that its owner may not write to must still be filled.
  for (const change of deepestFirst) {
    if (change.after?.type === "directory" && !conflicts.has(change.path))
      await setFolderMode(change.path, change.after.mode);
  }
  return {
    applied: changes.map((change) => change.path).filter((path) => !conflicts.has(path)),
    conflicts: changes.map((change) => change.path).filter((path) => conflicts.has(path)),
  };
}

/** What is held in memory of several at once must be little. */
function isSmallFile({ after }: Change): boolean {
  return after?.type === "file" && after.size <= smallBytesMax;
}

/** One that is gone again, or has become a link, has nothing of these changes in it. */
async function flushFolder(path: string): Promise<void> {
  await ifReachable(join(path, "entry"), false, async ({ folder }) => {
    await folder.sync();
    return true;
  });
}

/**
 * A folder whose mode changes may be closed to its owner on either side of the change; entries go and come while it is open, and its
 * mode comes last.
 */
async function openFolder({ path, before, after }: Change): Promise<void> {
  if (process.getuid?.() === 0 || before?.type !== "directory") return;
  // One that goes must be open, too, before what is in it can go.
  if (after?.type === "directory" && sameState(before, after)) return;
  await ifReachable(path, true, async ({ at }) => {
    const current = await readState(at);
    if (current?.type === "directory" && (current.mode & 0o700) !== 0o700) await chmod(at, current.mode | 0o700);
    return true;
  });
}

/** Takes away what must go before anything new can come. False: it is not what it was. */
function remove(change: Change): Promise<boolean> {
  return ifReachable(change.path, true, async ({ at }) => {
    const current = await readState(at);
    if (current === null || sameState(current, change.after)) return true;
    // Already a folder, from an apply cut short: its mode comes last.
    if (current.type === "directory" && change.after?.type === "directory") return true;
    if (!isExpected(current, change.before)) return false;
    try {
      await (current.type === "directory" ? rmdir(at) : unlink(at));
    } catch (error) {
      if (hasCode(error, "ENOTEMPTY") || hasCode(error, "EEXIST")) return false;
      throw error;
    }
    return true;
  });
}

function put(change: Change, contentOf: ContentSource): Promise<boolean> {
  return ifReachable(change.path, false, async (anchor) => {
    const { after, before } = change;
    const current = await readState(anchor.at);
    if (after === null || sameState(current, after)) return true;
    // A folder is made with a mode of its own first; the wanted one is set at the end.
    if (after.type === "directory") {
      if (current === null) await makeFolder(anchor);
      return current === null || current.type === "directory";
    }
    const replaced = current === null && (before === null || before.type !== after.type);
    if (!replaced && !isExpected(current, before)) return false;
    if (after.type === "symlink") await putLink(anchor, after.target);
    else await putFile(anchor, { mode: after.mode, bytes: await checked(contentOf, change) });
    return true;
  });
}

/** A folder's mode may already be the new one, or that of an apply cut short. */
function isExpected(current: FileState | Unusual | null, before: FileState | null): boolean {
  if (current?.type === "directory" && before?.type === "directory") return true;
  return sameState(current, before);
}

async function ifReachable(
  path: string,
  whenNot: boolean,
  use: (anchor: Anchor) => Promise<boolean>,
): Promise<boolean> {
  try {
    return await withEntry(path, use);
  } catch (error) {
    // ELOOP and ENOTDIR: a parent is a link or a file now; ENOENT: it is gone.
    if (isAbsent(error) || hasCode(error, "ELOOP")) return whenNot;
    throw error;
  }
}

async function makeFolder({ at, folder }: Anchor): Promise<void> {
  await mkdir(at, { mode: 0o700 });
  await giveOwner(at, { folder, replaced: null });
}

async function setFolderMode(path: string, mode: number): Promise<void> {
  await ifReachable(path, false, async ({ at, folder }) => {
    const current = await readState(at);
    if (current?.type !== "directory" || current.mode === mode) return true;
    await chmod(at, mode);
    await folder.sync();
    return true;
  });
}

async function putLink(anchor: Anchor, target: string): Promise<void> {
  const beside = await temporaryBeside(anchor);
  await symlink(target, beside);
  await giveOwner(beside, { folder: anchor.folder, replaced: anchor.at });
  await rename(beside, anchor.at);
}

async function putFile(anchor: Anchor, { mode, bytes }: { mode: number; bytes: Uint8Array }): Promise<void> {
  const beside = await temporaryBeside(anchor);
  const file = await open(
    beside,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    await file.writeFile(bytes);
    await giveOwner(beside, { folder: anchor.folder, replaced: anchor.at });
    await file.chmod(mode);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(beside, anchor.at);
}

/** A name that a second try finds again, so that an apply cut short leaves nothing behind. */
async function temporaryBeside({ at }: Anchor): Promise<string> {
  const name = createHash("sha256").update(basename(at)).digest("hex").slice(0, 16);
  const beside = at.replace(/[^/]*$/, `.toka-apply-${name}`);
  try {
    await unlink(beside);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  return beside;
}

/** Root's new entries belong to whoever owns the tree around them; a plain user's are his own. */
async function giveOwner(
  at: string,
  { folder, replaced }: { folder: Anchor["folder"]; replaced: string | null },
): Promise<void> {
  if (process.getuid?.() !== 0) return;
  let owner: { uid: number; gid: number } = await folder.stat();
  try {
    if (replaced !== null) owner = await lstat(replaced);
  } catch (error) {
    if (!isAbsent(error)) throw error;
  }
  await lchown(at, owner.uid, owner.gid);
}

/**
 * Reads what stands at a path of the tree now.
 *
 * @param path absolute path
 * @returns the state; null when it is absent, or a parent is a link or no folder
 * @throws the system's error when it cannot be read
 */
export async function readTree(path: string): Promise<FileState | Unusual | null> {
  try {
    return await withEntry(path, ({ at }) => readState(at));
  } catch (error) {
    if (isAbsent(error)) return null;
    if (hasCode(error, "ELOOP")) return { type: "special", reason: "special_file" };
    throw error;
  }
}

async function checked(contentOf: ContentSource, change: Change): Promise<Uint8Array> {
  const bytes = await contentOf(change);
  if (change.after?.type !== "file" || digestOf(bytes) !== change.after.digest) {
    throw layerFailure(`Cannot write ${change.path}`, new Error("the bytes at hand are not those of the change"));
  }
  return bytes;
}

async function readChecked(
  at: string,
  { state, path }: { state: FileState | null; path: string },
): Promise<Uint8Array> {
  if (state?.type !== "file")
    throw layerFailure(`Cannot read ${path}`, new Error("the change speaks of no file there"));
  const wanted = state;
  try {
    return await withEntry(at, async (anchor) => {
      const file = await openFile(anchor.at);
      try {
        const { size } = await file.stat();
        // Before the bytes are held: what grew since must not fill the memory.
        if (size !== wanted.size) throw new Error(`it has ${size} bytes, wanted ${wanted.size}`);
        const bytes = await file.readFile();
        if (digestOf(bytes) !== wanted.digest) throw new Error(`its bytes changed since, wanted ${wanted.digest}`);
        return bytes;
      } finally {
        await file.close();
      }
    });
  } catch (error) {
    throw layerFailure(`Cannot read ${path}`, error);
  }
}

/**
 * Digests bytes as the states of files do.
 *
 * @returns `sha256:<base64url>`
 */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("base64url")}`;
}

async function readParts(layer: string): Promise<readonly LayerPart[]> {
  try {
    const parsed: unknown = JSON.parse(await readFile(join(layer, "layer.json"), "utf8"));
    if (Array.isArray(parsed) && parsed.every(isPart)) return parsed;
    throw new Error("layer.json is not a list of write paths");
  } catch (error) {
    throw layerFailure(`Cannot read the layer ${layer}`, error);
  }
}

function isPart(value: unknown): value is LayerPart {
  if (typeof value !== "object" || value === null || !("index" in value) || !("path" in value) || !("kind" in value))
    return false;
  return typeof value.index === "number" && typeof value.path === "string" && typeof value.kind === "string";
}
