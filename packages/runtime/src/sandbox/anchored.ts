/**
 * File access that no symbolic link can lead astray: folders are opened one component at a time, each
 * without following links, and entries are then reached through the open folder. Node has no
 * `openat`; a path through /proc/self/fd is the same thing on Linux.
 */
import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { lstat, open, readlink, type FileHandle } from "node:fs/promises";
import { createHash, hash } from "node:crypto";
import type { FileState } from "./job.ts";

/** Bytes read at once while hashing. */
const pieceBytes = 1024 * 1024;
/** Files up to this size are read in one piece. */
const smallBytes = 256 * 1024;
/** Not blocking: what was a file a moment ago may be a pipe now. */
const fileFlags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
const folderFlags = constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW;

/** One entry, by the open folder that holds it. */
export interface Anchor {
  /** Path of the entry through the open folder; follows no link on the way. */
  readonly at: string;
  /** The open folder, for fsync. */
  readonly folder: FileHandle;
}

/**
 * Opens the folder that holds a path and hands its entry over; the folder is closed after.
 *
 * @param path absolute path of the entry, normalised
 * @param use what to do with the entry, which may be absent
 * @returns what `use` returns
 * @throws the system's error: ENOENT or ENOTDIR when a parent is absent, a link or not a folder
 */
export async function withEntry<T>(path: string, use: (anchor: Anchor) => Promise<T>): Promise<T> {
  const components = path.split("/").slice(1);
  const name = components.pop() ?? "";
  let folder = await open("/", folderFlags);
  try {
    for (const component of components) {
      const next = await open(`/proc/self/fd/${folder.fd}/${component}`, folderFlags);
      await folder.close();
      folder = next;
    }
    return await use({ at: `/proc/self/fd/${folder.fd}/${name}`, folder });
  } finally {
    await folder.close();
  }
}

/**
 * Opens a folder, without following a link, and hands over its path as an open folder; it is closed after.
 *
 * @param at the folder, by a path that leads through an open one; null where there is none
 * @param use what to do in it; told null when nothing, or no folder, stands there
 * @returns what `use` returns
 * @throws the system's error when the folder cannot be opened
 */
export async function withFolder<T>(at: Buffer | null, use: (folder: Buffer | null) => Promise<T>): Promise<T> {
  const handle = at === null ? null : await openFolder(at);
  if (handle === null) return use(null);
  try {
    return await use(Buffer.from(`/proc/self/fd/${handle.fd}`));
  } finally {
    await handle.close();
  }
}

async function openFolder(at: Buffer): Promise<FileHandle | null> {
  try {
    return await open(at, folderFlags);
  } catch (error) {
    if (isAbsent(error) || hasCode(error, "ELOOP")) return null;
    throw error;
  }
}

/** What stands at a path when it is neither file, link nor folder, or cannot be told in UTF-8. */
export interface Unusual {
  readonly type: "special";
  readonly reason: "special_file" | "special_mode" | "name_not_utf8" | "unreadable";
}

/**
 * Reads the state of one entry.
 *
 * @param at path to look at; its last component is not followed
 * @param options strict: report set-id files as unusual instead of masking their bits
 * @returns the state; null when absent
 * @throws the system's error when it cannot be looked at or read
 */
export async function readState(
  at: string | Buffer,
  options: { readonly strict?: boolean } = {},
): Promise<FileState | Unusual | null> {
  let stats;
  try {
    stats = await lstat(at);
  } catch (error) {
    if (isAbsent(error)) return null;
    throw error;
  }
  const mode = stats.mode & 0o777;
  if (stats.isDirectory()) return { type: "directory", mode };
  if (stats.isSymbolicLink()) {
    const target = decodeName(await readlink(at, { encoding: "buffer" }));
    return target === undefined ? { type: "special", reason: "name_not_utf8" } : { type: "symlink", target };
  }
  if (!stats.isFile()) return { type: "special", reason: "special_file" };
  if (options.strict === true && (stats.mode & 0o6000) !== 0) return { type: "special", reason: "special_mode" };
  const { digest, size } = await digestOf(at, stats.size);
  return { type: "file", digest, size, mode };
}

/**
 * Hashes a file's bytes: small ones at once (a layer may hold tens of thousands, and each trip through
 * the thread pool costs more than the read), large ones piece by piece.
 *
 * @returns digest `sha256:<base64url>` and the number of bytes
 */
async function digestOf(at: string | Buffer, size: number): Promise<{ digest: string; size: number }> {
  if (size <= smallBytes) {
    const bytes = readSmall(at);
    return { digest: `sha256:${hash("sha256", bytes, "base64url")}`, size: bytes.length };
  }
  const file = await openFile(at);
  try {
    const hashing = createHash("sha256");
    const piece = new Uint8Array(pieceBytes);
    let read = 0;
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, pieceBytes, read);
      if (bytesRead === 0) break;
      hashing.update(piece.subarray(0, bytesRead));
      read += bytesRead;
    }
    return { digest: `sha256:${hashing.digest("base64url")}`, size: read };
  } finally {
    await file.close();
  }
}

function readSmall(at: string | Buffer): Uint8Array {
  const descriptor = openSync(at, fileFlags);
  try {
    if (!fstatSync(descriptor).isFile()) throw new Error("Cannot read a file: it is no longer a regular file");
    return readFileSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Opens a regular file for reading, without following a link or waiting on a pipe.
 *
 * @returns the open file, the caller's to close
 * @throws Error when it is anything else; the system's error when it cannot be opened
 */
export async function openFile(at: string | Buffer): Promise<FileHandle> {
  const file = await open(at, fileFlags);
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw new Error("Cannot read a file: it is no longer a regular file");
}

/** @returns a name as text; undefined when its bytes are not UTF-8 */
export function decodeName(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

/** @returns whether two states are the same; null stands for absent */
export function sameState(one: FileState | Unusual | null, other: FileState | Unusual | null): boolean {
  if (one === null || other === null) return one === other;
  if (one.type === "file" && other.type === "file") {
    return one.digest === other.digest && one.mode === other.mode && one.size === other.size;
  }
  if (one.type === "symlink" && other.type === "symlink") return one.target === other.target;
  if (one.type === "directory" && other.type === "directory") return one.mode === other.mode;
  return false;
}

/** @returns whether an error says that nothing is there */
export function isAbsent(error: unknown): boolean {
  return hasCode(error, "ENOENT") || hasCode(error, "ENOTDIR");
}

/** @returns whether an error is the system's error of that name */
export function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
