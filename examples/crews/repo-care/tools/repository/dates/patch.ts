/** A proposal as a unified diff, which `git apply` and `patch -p1` take. Paths and lines are byte texts: no byte is lost. */

/** A line that is to become another; both with their line feed, if they have one. */
export interface LineChange {
  readonly line: number; // from 1
  readonly becomes: string;
}

/** What is to be changed in one file. */
export interface FileChange {
  readonly path: string;
  readonly lines: readonly string[]; // of the file, each with its line feed
  /** In the order of lines; none is hidden, nor is the line after it. */
  readonly changes: readonly LineChange[];
  /** Lines, from 1, that may not stand in the patch. */
  readonly hidden: ReadonlySet<number>;
}

/** Lines shown before and behind a change, where the file has them. */
const contextLines = 3;

/**
 * Writes the patch of one file.
 * @returns its headings and hunks
 */
export function patchOf({ path, lines, changes, hidden }: FileChange): string {
  const hunks = hunksOf(changes, { count: lines.length, hidden });
  const becomes = new Map(changes.map((change) => [change.line, change.becomes]));
  const texts = hunks.map(({ from, to }) => {
    const size = to - from + 1;
    const body: string[] = [];
    for (let line = from; line <= to; line += 1) {
      const old = lines[line - 1] ?? "";
      const now = becomes.get(line);
      if (now === undefined) body.push(shown(" ", old));
      else body.push(shown("-", old), shown("+", now));
    }
    return `@@ -${from},${size} +${from},${size} @@\n${body.join("")}`;
  });
  const [before, after] = [quoted(`a/${path}`), quoted(`b/${path}`)];
  return `diff --git ${before} ${after}\n--- ${before}${tab(path)}\n+++ ${after}${tab(path)}\n${texts.join("")}`;
}

interface Hunk {
  readonly from: number;
  readonly to: number;
}

/** Changes with their context; those whose contexts meet are one hunk. */
function hunksOf(
  changes: readonly LineChange[],
  { count, hidden }: { readonly count: number; readonly hidden: ReadonlySet<number> },
): readonly Hunk[] {
  const hunks: Hunk[] = [];
  for (const { line } of changes) {
    let from = line;
    let to = line;
    while (from > 1 && line - from < contextLines && !hidden.has(from - 1)) from -= 1;
    while (to < count && to - line < contextLines && !hidden.has(to + 1)) to += 1;
    const last = hunks.at(-1);
    if (last !== undefined && from <= last.to + 1) hunks[hunks.length - 1] = { from: last.from, to };
    else hunks.push({ from, to });
  }
  return hunks;
}

function shown(sign: string, line: string): string {
  return line.endsWith("\n") ? `${sign}${line}` : `${sign}${line}\n\\ No newline at end of file\n`;
}

/** A path with bytes that are not plain is quoted as C does, which git and patch read. */
function quoted(path: string): string {
  if (/^[^\0-\x1f"\\\x7f-\xff]*$/u.test(path)) return path;
  const escaped = path.replaceAll(/[\0-\x1f"\\\x7f-\xff]/gu, (character) => {
    if (character === '"' || character === "\\") return `\\${character}`;
    return `\\${character.charCodeAt(0).toString(8).padStart(3, "0")}`;
  });
  return `"${escaped}"`;
}

/** Behind a path with a blank stands a tab, so that its end is seen. */
function tab(path: string): string {
  return path.includes(" ") && quoted(path) === path ? "\t" : "";
}
