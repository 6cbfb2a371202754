/**
 * `toka doctor`: what this machine has and lacks.
 */
import { resolve } from "node:path";

import { examineMachine } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { checkLines } from "../output/check-lines.ts";

/**
 * Examines the machine and prints each check, with what to do about what is missing.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0 when everything required is there, else 1
 */
export async function runDoctor(
  options: { readonly workspace?: string; readonly json: boolean },
  context: CommandContext,
): Promise<number> {
  const report = await examineMachine({ workspace: resolve(context.cwd, options.workspace ?? ".") });
  const lines = options.json ? [JSON.stringify(report)] : checkLines(report.checks);
  for (const line of lines) await writeLine(context.stdout, line);
  return report.ok ? exitDone : exitFailed;
}
