/**
 * What differs between two texts, as the hunks of a unified diff: for people, and for patch(1).
 *
 * Source: POSIX diff, section "Diff -u Output Format".
 */
import { structuredPatch } from "diff";
import { editsMax } from "./merge.ts";
import { linesOf, readText } from "./text.ts";

/** Bytes of one side of a text that is compared. */
const bytesMax = 1_048_576;
/** Lines around what differs. */
const contextLines = 3;

/**
 * Compares what stood at a path with what is to stand there.
 *
 * @param before - the bytes before; undefined when no file stood there
 * @param after - the bytes after; undefined when no file stands there
 * @returns hunks, each line with its line feed; undefined when a side is no text, or they are too long or differ too much
 */
export function hunksOfDiff(before: Uint8Array | undefined, after: Uint8Array | undefined): string | undefined {
  const [old, young] = [shown(before), shown(after)];
  if (old === undefined || young === undefined) return undefined;
  if (old === "") return oneSided(young, "+");
  if (young === "") return oneSided(old, "-");
  const patch = structuredPatch("", "", old, young, undefined, undefined, {
    context: contextLines,
    maxEditLength: editsMax,
  });
  if (patch === undefined) return undefined;
  return patch.hunks
    .map(({ oldStart, oldLines, newStart, newLines, lines }) => {
      const head = `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@`;
      return [head, ...lines].map((line) => `${line}\n`).join("");
    })
    .join("");
}

function shown(bytes: Uint8Array | undefined): string | undefined {
  if (bytes === undefined) return "";
  return bytes.byteLength <= bytesMax ? readText(bytes) : undefined;
}

/** All of a text comes or goes: there is nothing to compare. */
function oneSided(text: string, sign: "+" | "-"): string {
  const lines = linesOf(text);
  if (lines.length === 0) return "";
  const whole = range(1, lines.length);
  const head = sign === "+" ? `@@ -0,0 +${whole} @@\n` : `@@ -${whole} +0,0 @@\n`;
  const body = lines.map((line) => `${sign}${line}`).join("");
  return head + (body.endsWith("\n") ? body : `${body}\n\\ No newline at end of file\n`);
}

function range(start: number, lines: number): string {
  return lines === 1 ? String(start) : `${start},${lines}`;
}
