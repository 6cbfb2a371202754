/**
 * `toka doctor`: what this machine has and lacks.
 */
import { resolve } from "node:path";

import { examineMachine } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showSafely } from "../output/plain.ts";

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
  if (options.json) await writeLine(context.stdout, JSON.stringify(report));
  else {
    for (const check of report.checks) {
      const mark = check.ok ? "ok  " : check.required ? "FAIL" : "note";
      await writeLine(
        context.stdout,
        `${mark}  ${check.name}: ${showSafely(check.found)}${check.ok ? "" : ` (wanted: ${check.wanted})`}`,
      );
      if (check.fix !== undefined) await writeLine(context.stdout, `      ${showSafely(check.fix)}`);
    }
  }
  return report.ok ? exitDone : exitFailed;
}
