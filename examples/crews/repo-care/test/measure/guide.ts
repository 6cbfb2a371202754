/** The measured figures in the guide: each stands between two marks, and is what a test computes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { crewFolder } from "../run-tool.ts";

const guide = join(crewFolder, "../../../docs/guides/repo-care.md");

/**
 * Reads the figures that the guide gives under a name; with TOKA_WRITE_GOLDEN=1 writes the computed ones there first.
 * @returns the text between the marks, without the line breaks around it
 */
export function figuresInGuide(name: string, computed: string): string {
  const marks = [`<!-- measured: ${name} -->`, "<!-- end -->"] as const;
  const text = readFileSync(guide, "utf8");
  const start = text.indexOf(marks[0]);
  const end = text.indexOf(marks[1], start);
  if (start < 0 || end < 0) throw new Error(`Cannot find figures in the guide: it has no ${marks[0]} with an end`);
  if (process.env["TOKA_WRITE_GOLDEN"] === "1") {
    writeFileSync(guide, `${text.slice(0, start + marks[0].length)}\n${computed}\n${text.slice(end)}`);
    return computed;
  }
  return text.slice(start + marks[0].length, end).trim();
}
