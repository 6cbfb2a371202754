/** Looks at each listed path without following any link: what it is, how large, how many lines, what it holds. */
import { type Hash, createHash } from "node:crypto";
import { type Stats, closeSync, readSync } from "node:fs";
import { toByteText } from "./byte-text.ts";
import { type Language, languageOf } from "./languages.ts";
import type { Listed, Listing } from "./listing.ts";
import { knownFolders, openRegular, statBelow } from "../regular-file.ts";

/** One file whose content counts. Paths are byte texts, relative to the root. */
export interface SeenFile {
  readonly path: string;
  readonly origin: Listed["origin"];
  readonly size: number; // bytes
  readonly modifiedMs: number; // since 1970
  readonly language: Language;
  readonly binary: boolean;
  readonly lines: number; // newline characters; 0 for binary files
  /** SHA-256 in hexadecimal; only where another file has the same size. */
  readonly digest?: string;
}

/** What the listed paths turned out to be. */
export interface Inspection {
  readonly files: readonly SeenFile[];
  readonly links: readonly string[];
  readonly repositories: readonly string[];
  readonly missing: readonly string[];
  /** Files that are there and could not be read, with their size. */
  readonly unreadable: readonly { readonly path: string; readonly size: number }[];
  /** Files too large to be read: counted by size alone. */
  readonly unread: readonly { readonly path: string; readonly size: number }[];
  /** Pipes, sockets and devices: never opened. */
  readonly special: readonly string[];
}

/** Bytes of the largest file that is read; larger ones are counted by size alone, so that one file cannot eat the deadline. */
export const readBytesMax: number = 1024 ** 3;
/** Bytes looked at for a NUL, as git does: a file with one is binary. */
const headBytes = 8000;
const chunkBytes = 256 * 1024;
const newline = 10;

/**
 * Looks at every path of a listing.
 * @returns what was found; content is read once, and hashed only where sizes are equal
 */
export function inspect(root: string, listing: Listing): Inspection {
  const base = toByteText(root);
  const known = knownFolders();
  const regular: { readonly entry: Listed; readonly stats: Stats }[] = [];
  const found = {
    links: [] as string[],
    repositories: [] as string[],
    missing: [] as string[],
    special: [] as string[],
  };
  const sizes = new Map<number, number>();
  for (const entry of listing.entries) {
    const stats = statBelow(base, { path: entry.path, known });
    if (stats === undefined) found.missing.push(entry.path);
    else if (entry.type === "repository") found.repositories.push(entry.path);
    else if (stats.isSymbolicLink()) found.links.push(entry.path);
    else if (stats.isFile()) {
      regular.push({ entry, stats });
      sizes.set(stats.size, (sizes.get(stats.size) ?? 0) + 1);
    } else if (stats.isDirectory()) found.missing.push(entry.path); // a folder stands where the file was
    else found.special.push(entry.path);
  }
  return { ...found, ...readAll(base, regular, (size) => size > 0 && (sizes.get(size) ?? 0) > 1) };
}

function readAll(
  base: string,
  regular: readonly { readonly entry: Listed; readonly stats: Stats }[],
  hasTwin: (size: number) => boolean,
): Pick<Inspection, "files" | "unreadable" | "unread"> {
  const files: SeenFile[] = [];
  const unreadable: { path: string; size: number }[] = [];
  const unread: { path: string; size: number }[] = [];
  const buffer = Buffer.allocUnsafe(chunkBytes);
  for (const { entry, stats } of regular) {
    const { path, origin } = entry;
    if (stats.size > readBytesMax) {
      unread.push({ path, size: stats.size });
      continue;
    }
    const content = readContent(`${base}/${path}`, {
      buffer,
      hash: hasTwin(stats.size) ? createHash("sha256") : undefined,
    });
    if (content === undefined) {
      unreadable.push({ path, size: stats.size });
      continue;
    }
    const { digest, lines, binary, head } = content;
    const file = {
      path,
      origin,
      size: stats.size,
      modifiedMs: Math.floor(stats.mtimeMs),
      language: languageOf(path, { head, binary }),
      binary,
      lines,
    };
    files.push(digest === undefined ? file : { ...file, digest });
  }
  return { files, unreadable, unread };
}

interface Content {
  readonly head: Buffer; // at most 256 bytes
  readonly binary: boolean;
  readonly lines: number;
  readonly digest: string | undefined;
}

/** Reads one file to its end, or gives undefined when it cannot be read. */
function readContent(
  place: string,
  { buffer, hash }: { readonly buffer: Buffer; readonly hash: Hash | undefined },
): Content | undefined {
  let handle: number | undefined;
  try {
    handle = openRegular(place);
    let head: Buffer = Buffer.alloc(0);
    let binary = false;
    let lines = 0;
    let position = 0;
    for (;;) {
      const length = readSync(handle, buffer, 0, buffer.length, null);
      if (length === 0) break;
      const chunk = buffer.subarray(0, length);
      if (position === 0) {
        head = Buffer.from(chunk.subarray(0, 256));
        binary = chunk.subarray(0, headBytes).includes(0);
      }
      position += length;
      hash?.update(chunk);
      if (!binary) lines += countNewlines(chunk);
      else if (hash === undefined) break; // nothing more to learn from it
      if (position > readBytesMax) break; // it grows while we read
    }
    return { head, binary, lines, digest: hash?.digest("hex") };
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

function countNewlines(chunk: Buffer): number {
  let count = 0;
  for (let index = 0; index < chunk.length; index += 1) if (chunk[index] === newline) count += 1;
  return count;
}
