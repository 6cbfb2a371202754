/**
 * Which files a catalogue counts. In a repository: what `git ls-files` lists, and what is untracked and not ignored.
 * Elsewhere: what a walk of the folder finds. Links are listed and never followed.
 */
import { type Dirent, readdirSync } from "node:fs";
import { toBytes } from "../byte-path.ts";
import { toByteText } from "./byte-text.ts";
import { findRepository, gitFields } from "../git.ts";
import { ToolProblem } from "../invocation.ts";

/** One listed path, relative to the root, as a byte text. */
export interface Listed {
  readonly path: string;
  readonly origin: "tracked" | "untracked" | "found";
  /** `repository`: a submodule or another repository inside; its files belong to it. */
  readonly type: "file" | "repository";
}

/** Everything that is listed, sorted by path. */
export interface Listing {
  readonly source: "git" | "walk";
  /** Why the folder was walked; absent when git listed it. */
  readonly reason?: string;
  readonly entries: readonly Listed[];
  /** Folders that could not be opened, as byte texts. */
  readonly closedFolders: readonly string[];
}

/** Paths of one catalogue: beyond it the answer would not fit the tool's memory limit. */
const entriesMax = 1_000_000;
/** Folders that a walk leaves out: a repository's own store, and a vault. */
const leftOut: ReadonlySet<string> = new Set([".git", ".toka"]);
const modeSubmodule = "160000";

/**
 * Lists the files below `root`, without untracked ones in `output` (the tool's own deliverables).
 * @returns the listing
 * @throws ToolProblem when git cannot list a repository, the folder cannot be read, or there are too many paths
 */
export async function listFiles(root: string, output: string): Promise<Listing> {
  const repository = await findRepository(root);
  const own = ownOutput(root, output);
  const entries: Listed[] = [];
  const closedFolders: string[] = [];
  const add = (entry: Listed): void => {
    if (entry.origin !== "tracked" && own(entry.path)) return;
    if (entries.length >= entriesMax)
      throw new ToolProblem(`Cannot catalogue ${root}: it holds more than ${entriesMax} paths`);
    entries.push(entry);
  };
  const closed = (folder: string): void => {
    closedFolders.push(folder);
  };
  if (repository.kind === "repository") {
    await listTracked(root, add);
    await listUntracked(root, { add, closed });
  } else {
    walk(root, { add, closed });
  }
  entries.sort((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0));
  if (repository.kind === "repository") return { source: "git", entries, closedFolders };
  return { source: "walk", reason: repository.reason, entries, closedFolders };
}

async function listTracked(root: string, add: (entry: Listed) => void): Promise<void> {
  let previous: string | undefined;
  for await (const field of gitFields(root, ["ls-files", "--stage", "-z"])) {
    const path = field.slice(field.indexOf("\t") + 1);
    // A path in conflict has up to three stages, one after another; it is one file.
    if (path === previous) continue;
    previous = path;
    add({ path, origin: "tracked", type: field.startsWith(modeSubmodule) ? "repository" : "file" });
  }
}

async function listUntracked(root: string, { add, closed }: Found): Promise<void> {
  const warned = (lines: readonly string[]): void => {
    for (const line of lines) {
      const folder = /^warning: could not open directory '(.*)\/': /u.exec(line)?.[1];
      if (folder !== undefined) closed(folder);
    }
  };
  for await (const field of gitFields(root, ["ls-files", "--others", "--exclude-standard", "-z"], { warned })) {
    // Git does not look into another repository; it lists the folder with a slash at its end.
    if (field.endsWith("/")) add({ path: field.slice(0, -1), origin: "untracked", type: "repository" });
    else add({ path: field, origin: "untracked", type: "file" });
  }
}

/** Takes what a listing finds. */
interface Found {
  readonly add: (entry: Listed) => void;
  readonly closed: (folder: string) => void;
}

function walk(root: string, found: Found): void {
  const base = toByteText(root);
  const folders: string[] = [""];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const prefix = folder === "" ? "" : `${folder}/`;
    for (const entry of entriesOf(`${base}/${folder}`, folder, found.closed)) {
      const name = entry.name.toString("latin1");
      if (leftOut.has(name)) continue;
      if (entry.isDirectory()) folders.push(prefix + name);
      else found.add({ path: prefix + name, origin: "found", type: "file" });
    }
  }
}

function entriesOf(place: string, folder: string, closed: (folder: string) => void): readonly Dirent<Buffer>[] {
  try {
    return readFolder(place);
  } catch (problem) {
    // The root itself must be readable; a folder below it may be closed to us, which is counted.
    if (folder === "") throw problem;
    closed(folder);
    return [];
  }
}

function readFolder(place: string): readonly Dirent<Buffer>[] {
  return readdirSync(toBytes(place), { withFileTypes: true, encoding: "buffer" });
}

/** Tells whether a path lies in the output folder, when that folder lies below the root. */
function ownOutput(root: string, output: string): (path: string) => boolean {
  const base = root === "/" ? "/" : `${root}/`;
  if (!output.startsWith(base)) return () => false;
  const prefix = `${toByteText(output.slice(base.length))}/`;
  return (path) => path.startsWith(prefix);
}
