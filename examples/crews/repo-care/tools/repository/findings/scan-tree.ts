/**
 * Reads the files of a folder for a checking tool, each one whole and none through a link. What is listed and not read is
 * named with its reason. Memory holds one file at a time.
 */
import { closeSync, fstatSync, readSync } from "node:fs";
import { toByteText } from "../catalogue/byte-text.ts";
import type { Listing } from "../catalogue/listing.ts";
import { type KnownFolders, knownFolders, openRegular, statBelow } from "../regular-file.ts";

/** Why a listed path was not read. */
export type SkipReason =
  | "binary"
  | "closed folder"
  | "link"
  | "missing"
  | "over the limit of all files"
  | "over the time of all files"
  | "repository"
  | "special"
  | "too dense"
  | "too large"
  | "unreadable";

/** What was listed, what was read, and what was not. */
export interface ScannedTree {
  readonly listed: number; // `files + outOfScope + skipped`
  readonly files: number; // that were read
  readonly bytes: number; // of these
  readonly outOfScope: number; // that are none of the tool's business
  /** In the order of paths, which are byte texts. */
  readonly skipped: readonly { readonly path: string; readonly reason: SkipReason }[];
}

/** One file: its path and its content as byte texts. Content in UTF-16 is given in UTF-8, and says so. */
export interface TreeFile {
  readonly path: string;
  readonly text: string;
  readonly recoded: boolean; // true when `text` is not what the file holds byte for byte
}

/** What a tool reads. */
export interface ScanOptions {
  readonly root: string;
  readonly listing: Listing;
  /** Tells which files are the tool's business, by their path. */
  readonly wanted: (path: string) => boolean;
}

/** Bytes of the largest file that is read: what people write is far below, and memory holds it whole. */
export const fileBytesMax: number = 16 * 1024 ** 2;
/** Bytes of all files together: beyond it the deadline would come first. */
const allBytesMax = 2 * 1024 ** 3;
/** Bytes looked at for a NUL, as git does: a file with one is binary. */
const headBytes = 8000;

/**
 * Reads each wanted file once, in the order of paths.
 * @returns what was read and what was not; `visit` is called with each file, and says why when it leaves it unread
 * @throws what `visit` throws
 */
export function scanTree(options: ScanOptions, visit: (file: TreeFile) => SkipReason | undefined | void): ScannedTree {
  const files = filesOf(options);
  for (let next = files.next(); ;) {
    if (next.done === true) return next.value;
    next = files.next(visit(next.value) ?? undefined);
  }
}

/**
 * Does the same for a tool that waits for something with each file.
 * @returns what was read and what was not; a file for which `visit` gives a reason counts as skipped
 * @throws what `visit` throws
 */
export async function scanTreeSlowly(
  options: ScanOptions,
  visit: (file: TreeFile) => Promise<SkipReason | undefined>,
): Promise<ScannedTree> {
  const files = filesOf(options);
  for (let next = files.next(); ;) {
    if (next.done === true) return next.value;
    next = files.next(await visit(next.value));
  }
}

/** Gives the files; takes a reason for each that the tool could not make anything of. */
function* filesOf({ root, listing, wanted }: ScanOptions): Generator<TreeFile, ScannedTree, SkipReason | undefined> {
  const base = toByteText(root);
  const known = knownFolders();
  const skipped: { path: string; reason: SkipReason }[] = listing.closedFolders.map((path) => {
    return { path, reason: "closed folder" };
  });
  let [files, bytes, outOfScope] = [0, 0, 0];
  for (const { path, type } of listing.entries) {
    if (!wanted(path)) {
      outOfScope += 1;
      continue;
    }
    const read =
      type === "repository" ? "repository" : readFileBelow(base, { path, known, bytesLeft: allBytesMax - bytes });
    if (typeof read === "string") {
      skipped.push({ path, reason: read });
      continue;
    }
    const encoding = utf16Of(read);
    const refused =
      encoding === undefined
        ? yield { path, text: read.toString("latin1"), recoded: false }
        : yield { path, text: toByteText(new TextDecoder(encoding).decode(read)), recoded: true };
    if (refused !== undefined) {
      skipped.push({ path, reason: refused });
      continue;
    }
    files += 1;
    bytes += read.length;
  }
  skipped.sort((left, right) => (left.path < right.path ? -1 : 1));
  return { listed: files + outOfScope + skipped.length, files, bytes, outOfScope, skipped };
}

function readFileBelow(
  base: string,
  { path, known, bytesLeft }: { readonly path: string; readonly known: KnownFolders; readonly bytesLeft: number },
): Buffer | SkipReason {
  const stats = statBelow(base, { path, known });
  if (stats === undefined || stats.isDirectory()) return "missing";
  if (stats.isSymbolicLink()) return "link";
  if (!stats.isFile()) return "special";
  if (stats.size > fileBytesMax) return "too large";
  if (stats.size > bytesLeft) return "over the limit of all files";
  let handle: number | undefined;
  try {
    handle = openRegular(`${base}/${path}`);
    // It may have become another file since it was looked at.
    const now = fstatSync(handle);
    if (!now.isFile()) return "special";
    if (now.size > Math.min(fileBytesMax, bytesLeft)) return "too large";
    const content = readWhole(handle, now.size);
    return isBinary(content) ? "binary" : content;
  } catch {
    return "unreadable";
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function readWhole(handle: number, size: number): Buffer {
  const content = Buffer.allocUnsafe(size);
  let length = 0;
  while (length < size) {
    const more = readSync(handle, content, length, size - length, null);
    if (more === 0) break; // it shrinks while we read
    length += more;
  }
  return content.subarray(0, length);
}

function isBinary(content: Buffer): boolean {
  return utf16Of(content) === undefined && content.subarray(0, headBytes).includes(0);
}

/** The encoding that a byte order mark names. */
function utf16Of(content: Buffer): "utf-16le" | "utf-16be" | undefined {
  if (content[0] === 0xff && content[1] === 0xfe) return "utf-16le";
  return content[0] === 0xfe && content[1] === 0xff ? "utf-16be" : undefined;
}
