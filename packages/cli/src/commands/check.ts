/**
 * `toka check`: agent, crew and tool files, before they are run.
 */
import { resolve } from "node:path";

import { checkFile } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";

/**
 * Checks files and prints every problem with its place.
 *
 * @param files - as given on the command line: files, or crew folders
 * @param context - streams and environment
 * @returns 0 when no file has a problem, else 1
 */
export async function runCheck(files: readonly string[], context: CommandContext): Promise<number> {
  let problems = 0;
  for (const file of files) {
    const report = await checkFile(resolve(context.cwd, file));
    for (const problem of report.problems) await writeLine(context.stdout, showOnOneLine(problem));
    if (report.problems.length === 0) await writeLine(context.stdout, `${showOnOneLine(file)}: ok, ${report.kind}`);
    problems += report.problems.length;
  }
  return problems === 0 ? exitDone : exitFailed;
}
