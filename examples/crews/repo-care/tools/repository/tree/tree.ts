/** The listed paths of a repository as a tree: what stands at a path, and where a path written in a file leads to. */
import { posix } from "node:path";
import { toByteText } from "../catalogue/byte-text.ts";
import type { Listing } from "../catalogue/listing.ts";
import { type KnownFolders, knownFolders, statBelow } from "../regular-file.ts";

/** What stands at a path; `unseen` lies in a repository inside, below a link, or outside of the root. */
export type Kind = "file" | "folder" | "missing" | "unseen";

/** What a tree is made of. */
export interface TreeSource {
  readonly root: string;
  readonly listing: Listing;
}

/** The tree. Paths are byte texts relative to the root, which is "". */
export class Tree {
  /** All listed paths, in order. */
  readonly paths: readonly string[];
  readonly #base: string;
  readonly #files = new Map<string, "file" | "repository">();
  readonly #folders = new Set<string>([""]);
  readonly #known: KnownFolders = knownFolders();

  constructor({ root, listing }: TreeSource) {
    this.#base = toByteText(root);
    this.paths = listing.entries.map((entry) => entry.path);
    for (const { path, type } of listing.entries) {
      this.#files.set(path, type);
      for (let folder = parentOf(path); !this.#folders.has(folder); folder = parentOf(folder))
        this.#folders.add(folder);
    }
  }

  /** Looks what stands at a path. @returns it; a tracked file that is not there counts as missing */
  look(path: string | undefined): Kind {
    if (path === undefined) return "unseen";
    const listed = this.#files.get(path);
    if (listed === "repository") return "folder";
    if (listed === "file")
      return statBelow(this.#base, { path, known: this.#known }) === undefined ? "missing" : "file";
    if (this.#folders.has(path)) return "folder";
    for (let above = parentOf(path); above !== ""; above = parentOf(above)) {
      const type = this.#files.get(above);
      if (type === "repository") return "unseen";
      // What is below a link lies somewhere else; below a file there is nothing.
      if (type === "file") return this.#isLink(above) ? "unseen" : "missing";
    }
    return "missing";
  }

  #isLink(path: string): boolean {
    return statBelow(this.#base, { path, known: this.#known })?.isSymbolicLink() === true;
  }

  /** Tells whether something stands, or may stand, at a path. @returns false when nothing does */
  has(path: string | undefined): boolean {
    return this.look(path) !== "missing";
  }
}

/**
 * Gives the folder that holds a path.
 * @returns it, relative to the root
 */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

/**
 * Joins a folder and a path that an ordinary text names.
 * @returns the path from the root as a byte text; undefined when it leads out of the root, or is absolute
 */
export function resolved(folder: string, written: string): string | undefined {
  if (written.startsWith("/") || written.includes("\0") || written.length > pathCharsMax) return undefined;
  const path = posix.normalize(posix.join(folder === "" ? "." : folder, toByteText(written)));
  if (path === ".." || path.startsWith("../")) return undefined;
  const short = path.endsWith("/") ? path.slice(0, -1) : path;
  return short === "." ? "" : short;
}

/** Characters of a path that somebody wrote: no file system has longer ones. */
const pathCharsMax = 4096;

/**
 * Gives the folders from one up to the root.
 * @returns them, the nearest first; the root is ""
 */
export function foldersUp(folder: string): readonly string[] {
  const folders = [folder];
  for (let above = folder; above !== "";) {
    above = parentOf(above);
    folders.push(above);
  }
  return folders;
}

const foldersOfOthers: ReadonlySet<string> = new Set(["node_modules", "vendor", "third_party", ".git"]);
const foldersOfInput = /^(?:__fixtures__|fixtures?|testdata|test[-_](?:data|fixtures)|__snapshots__)$/u;

/**
 * Tells whether a path belongs to somebody else, or is input of tests: broken on purpose, as likely as not.
 * @returns true when one of its folders says so
 */
export function isForeign(path: string): boolean {
  return parentOf(path)
    .split("/")
    .some((part) => foldersOfOthers.has(part) || foldersOfInput.test(part));
}
