/**
 * What a link inside a repository can lead to: the listed files and their folders. Symbolic links are followed by their text and
 * only inside, so that nothing outside is looked at. Paths are byte texts without a slash at either end; "" is the root.
 */
import { readlinkSync } from "node:fs";
import { toBytes } from "../byte-path.ts";
import { toByteText } from "../catalogue/byte-text.ts";
import type { Listing } from "../catalogue/listing.ts";
import { type KnownFolders, knownFolders, statBelow } from "../regular-file.ts";

/** What stands at a path. */
export type Place =
  | { readonly kind: "file" | "folder"; readonly path: string }
  /** It cannot be said: in another repository, or behind a link that leads out. */
  | { readonly kind: "unseen" }
  /** It is there, and git ignores it. */
  | { readonly kind: "unlisted"; readonly path: string }
  /** Something is there whose name differs in capital and small letters. */
  | { readonly kind: "other-case"; readonly path: string }
  | { readonly kind: "nothing" };

/** Symbolic links followed on the way to one place, as the system does. */
const hopsMax = 40;
/** Characters of a path, as the system has it, and parts of one that is looked for outside the listing. */
const pathCharsMax = 4095;
const partsMax = 100;

/** The tree of one listing. */
export class Tree {
  readonly #base: string;
  readonly #entries = new Map<string, "file" | "folder" | "repository">([["", "folder"]]);
  /** Paths in small letters, of which one is kept. */
  readonly #folded = new Map<string, string>();
  readonly #known: KnownFolders = knownFolders();

  constructor(root: string, listing: Listing) {
    this.#base = toByteText(root);
    for (const { path, type } of listing.entries) {
      this.#put(path, type);
      for (let folder = parentOf(path); folder !== "" && !this.#entries.has(folder); folder = parentOf(folder))
        this.#put(folder, "folder");
    }
    for (const folder of listing.closedFolders) this.#entries.set(folder, "repository");
  }

  #put(path: string, type: "file" | "folder" | "repository"): void {
    this.#entries.set(path, type);
    this.#folded.set(folded(path), path);
  }

  /** Says what stands at a path. */
  at(path: string): Place {
    let wanted = path;
    for (let hops = 0; hops <= hopsMax && wanted.length <= pathCharsMax; hops += 1) {
      const entry = this.#entries.get(wanted);
      if (entry === "folder") return { kind: "folder", path: wanted };
      if (entry === "repository") return { kind: "unseen" };
      if (entry === "file") {
        const stats = statBelow(this.#base, { path: wanted, known: this.#known });
        if (stats === undefined) return { kind: "nothing" };
        if (!stats.isSymbolicLink()) return { kind: "file", path: wanted };
      }
      const next = this.#behindLink(wanted);
      if (next.kind !== "behind") return next;
      wanted = next.path;
    }
    return { kind: "nothing" };
  }

  /** Finds the page that GitHub shows for a folder. */
  readmeOf(folder: string): string | undefined {
    const prefix = folder === "" ? "" : `${folder}/`;
    for (const name of ["readme.md", "readme.markdown"]) {
      const path = this.#folded.get(folded(prefix + name));
      if (path !== undefined && parentOf(path) === folder) return path;
    }
    return undefined;
  }

  /** Follows the first symbolic link on the way to a path that is not listed as a file or folder. */
  #behindLink(path: string): Place | { readonly kind: "behind"; readonly path: string } {
    for (let end = path.indexOf("/"); ; end = path.indexOf("/", end + 1)) {
      const part = end < 0 ? path : path.slice(0, end);
      const entry = this.#entries.get(part);
      if (entry === "repository") return { kind: "unseen" };
      if (entry === "file") {
        const target = this.#linkText(part);
        if (target === undefined) return this.#unlisted(path, part);
        const behind = target.startsWith("/") ? undefined : resolved(parentOf(part), target + path.slice(part.length));
        return behind === undefined ? { kind: "unseen" } : { kind: "behind", path: behind };
      }
      // What lies below something that is not listed is no link that is.
      if (end < 0 || entry === undefined) return this.#unlisted(path, part);
    }
  }

  #linkText(path: string): string | undefined {
    if (statBelow(this.#base, { path, known: this.#known })?.isSymbolicLink() !== true) return undefined;
    try {
      return readlinkSync(toBytes(`${this.#base}/${path}`), { encoding: "latin1" });
    } catch {
      return undefined; // it was taken away since
    }
  }

  /** Says what a path is that is not listed; `part` is as much of it as has no listed folder of its name. */
  #unlisted(path: string, part: string): Place {
    const other = this.#folded.get(folded(path));
    if (other !== undefined) return { kind: "other-case", path: other };
    if (path.includes("\0") || statBelow(this.#base, { path: part, known: this.#known }) === undefined)
      return { kind: "nothing" };
    // Folders that are not listed are forgotten again: there may be as many as there are links.
    const known = knownFolders();
    const there = path.split("/").length <= partsMax && statBelow(this.#base, { path, known }) !== undefined;
    return there ? { kind: "unlisted", path } : { kind: "nothing" };
  }
}

/**
 * Resolves a path from a folder by its text.
 * @returns the path; undefined when it leads out of the root, even if it leads back in
 */
export function resolved(folder: string, path: string): string | undefined {
  const parts = folder === "" ? [] : folder.split("/");
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  return parts.join("/");
}

/**
 * Gives the folder that a path lies in.
 * @returns "" for the root
 */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash < 0 ? "" : path.slice(0, slash);
}

const decoder = new TextDecoder("utf-8", { fatal: true });

/** The path in small letters; bytes that are no text stay what they are. */
function folded(path: string): string {
  try {
    return decoder.decode(toBytes(path)).toLowerCase();
  } catch {
    return path;
  }
}
