/**
 * `toka check`: agent, crew and tool files, before they are run.
 */
import { resolve } from "node:path";

import { checkFile } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { type PlaceOptions, placesOf } from "./places.ts";

/** What `toka check` is called with. */
export interface CheckOptions extends PlaceOptions {
  /** Files, or crew folders. */
  readonly files: readonly string[];
}

/**
 * Checks files and prints every problem with its place.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0 when no file has a problem, else 1
 */
export async function runCheck(options: CheckOptions, context: CommandContext): Promise<number> {
  let problems = 0;
  const { vault } = placesOf(options, context);
  for (const file of options.files) {
    const report = await checkFile(resolve(context.cwd, file), vault);
    for (const problem of report.problems) await writeLine(context.stdout, showOnOneLine(problem));
    if (report.problems.length === 0) await writeLine(context.stdout, `${showOnOneLine(file)}: ok, ${report.kind}`);
    problems += report.problems.length;
  }
  return problems === 0 ? exitDone : exitFailed;
}
