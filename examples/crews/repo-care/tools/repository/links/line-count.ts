/** How many lines a file has that a link leads into. */
import { closeSync, fstatSync, readSync } from "node:fs";
import { toByteText } from "../catalogue/byte-text.ts";
import { fileBytesMax } from "../findings/scan-tree.ts";
import { openRegular } from "../regular-file.ts";

/** Files that are counted in one check. */
const filesMax = 10_000;

/**
 * Counts the lines of files below a root, each once.
 * @returns a function from a path to the number; undefined when it cannot be said
 */
export function lineCounter(root: string): (path: string) => number | undefined {
  const base = toByteText(root);
  const known = new Map<string, number | undefined>();
  return (path) => {
    if (!known.has(path)) known.set(path, known.size < filesMax ? linesOf(`${base}/${path}`) : undefined);
    return known.get(path);
  };
}

function linesOf(place: string): number | undefined {
  let handle: number | undefined;
  try {
    handle = openRegular(place);
    const stats = fstatSync(handle);
    if (!stats.isFile() || stats.size > fileBytesMax) return undefined;
    const content = Buffer.allocUnsafe(stats.size);
    const length = readSync(handle, content, 0, stats.size, 0);
    let lines = 0;
    for (let at = content.indexOf(10); at >= 0 && at < length; at = content.indexOf(10, at + 1)) lines += 1;
    return length > 0 && content[length - 1] !== 10 ? lines + 1 : lines;
  } catch {
    return undefined;
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}
