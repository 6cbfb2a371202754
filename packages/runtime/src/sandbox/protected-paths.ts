/**
 * Paths that a program may not change through a granted folder, whether they exist or not, because
 * somebody else's program obeys what stands there: git runs hooks, shells and editors run settings.
 * Naming such a path exactly among the write paths lifts its protection.
 * Source: docs/decisions/0004-write-layer.md.
 */
import { isBelow } from "./paths.ts";

/** Sequences of components; `*` stands for any one component. Found at any depth. */
const patterns: readonly (readonly string[])[] = [
  [".git", "hooks"],
  [".git", "config"],
  [".git", "config.worktree"],
  // Sends git to settings and hooks elsewhere.
  [".git", "commondir"],
  [".git", "info", "attributes"],
  [".git", "modules"],
  [".git", "worktrees"],
  // `exec` lines in the list of a rebase run when somebody continues it.
  [".git", "rebase-merge"],
  [".git", "sequencer"],
  [".gitconfig"],
  [".gitmodules"],
  [".bashrc"],
  [".bash_profile"],
  [".bash_login"],
  [".bash_logout"],
  [".profile"],
  [".zshrc"],
  [".zshenv"],
  [".zprofile"],
  [".zlogin"],
  [".zlogout"],
  [".envrc"],
  [".mcp.json"],
  [".vscode"],
  [".idea"],
  [".toka"],
];

/** Protected paths that git and people keep at the top of a tree: masked in the box when they exist. */
export const protectedAtTop: readonly string[] = patterns.map((pattern) => pattern.join("/"));

/**
 * Says whether a path is protected from the holder of a write path.
 *
 * @param path the changed path
 * @param options root: the write path it was reached through; named: all write paths of the job
 * @returns true when a protected pattern ends below the root and is not itself a named write path
 */
export function isProtected(
  path: string,
  options: { readonly root: string; readonly named: readonly string[] },
): boolean {
  const components = path.split("/");
  const rootComponents = options.root.split("/").length;
  for (const pattern of patterns) {
    for (let start = 1; start + pattern.length <= components.length; start += 1) {
      const end = start + pattern.length;
      // A match that ends within the root was granted by whoever granted the root.
      if (end <= rootComponents) continue;
      if (!pattern.every((component, offset) => component === components[start + offset]?.toLowerCase())) continue;
      const matched = components.slice(0, end).join("/");
      // Somebody named the match itself, or something in it: that was meant.
      const meant = options.named.some(
        (name) => name === matched || (isBelow(name, matched) && (path === name || isBelow(path, name))),
      );
      if (meant) continue;
      return true;
    }
  }
  return false;
}

/**
 * Finds what sends git to a folder of the program's own making, with hooks and settings in it: a pointer, or the
 * `HEAD` that makes any folder a repository to git when somebody steps into it (gitglossary, "bare repository").
 *
 * @returns whether a path is a `.git` that is no folder, or a `HEAD` outside of any `.git`
 */
export function isGitPointer(path: string, afterType: "file" | "symlink" | "directory" | null): boolean {
  if (afterType !== "file" && afterType !== "symlink") return false;
  const components = path.toLowerCase().split("/");
  const name = components.at(-1);
  return name === ".git" || (name === "head" && !components.includes(".git"));
}
