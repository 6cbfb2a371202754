/** Which paths a person means by a pattern. Hidden files are files like any other: a list of changes must not leave them out. */
import { ServiceFailure } from "../failure.ts";

/** Wildcards in one pattern; more would make matching slow and mean nothing to anybody. */
const wildcardsMax = 16;

/**
 * Reads a pattern.
 *
 * @param pattern - an absolute path, which stands for itself and all below it, or one with `*` and `?` (within a name) and `**` (any
 * number of folders)
 * @returns whether a path is meant
 * @throws a failure `malformed` when the pattern has too many wildcards
 */
export function pathPattern(pattern: string): (path: string) => boolean {
  const wildcards = pattern.match(/\*\*\/?|[*?]/gu)?.length ?? 0;
  if (wildcards > wildcardsMax) {
    throw new ServiceFailure("malformed", {
      message: `Cannot read the pattern: it has ${wildcards} wildcards, at most ${wildcardsMax} are allowed`,
    });
  }
  const plain = pattern.replace(/(?<=.)\/+$/u, "");
  const below = plain === "/" ? "/" : `${plain}/`;
  if (wildcards === 0) return (path) => path === plain || path.startsWith(below);
  const source = plain.replaceAll(/\*\*\/|\*\*|[*?]|[\\^$.|+()[\]{}]/gu, (part) => {
    if (part === "**/") return "(?:[^/]+/)*";
    if (part === "**") return "[^]*";
    if (part === "*") return "[^/]*";
    return part === "?" ? "[^/]" : `\\${part}`;
  });
  const expression = new RegExp(`^${source}$`, "u");
  return (path) => expression.test(path);
}
