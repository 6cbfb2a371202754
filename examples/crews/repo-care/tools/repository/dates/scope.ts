/** Which files are looked at for dates: those of the original Toka. */

const endings: ReadonlySet<string> = new Set(["rs", "toml", "yaml", "yml", "md", "txt", "py", "sh"]);
const foldersLeftOut: ReadonlySet<string> = new Set(["target", "build", "dist", "node_modules"]);

/**
 * Tells whether a path is one of a kind of file where dates are checked, and neither hidden nor below a folder of what is built.
 * @returns true when it is
 */
export function isInScope(path: string): boolean {
  const parts = path.split("/");
  const name = parts.pop() ?? "";
  if (name.startsWith(".") || parts.some((part) => part.startsWith(".") || foldersLeftOut.has(part))) return false;
  const dot = name.lastIndexOf(".");
  return dot > 0 && endings.has(name.slice(dot + 1).toLowerCase());
}
