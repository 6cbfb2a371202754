/**
 * `toka store check`: a quick look over the vault's files.
 */
import { keeping } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson } from "../output/plain.ts";
import { checkLines } from "../output/check-lines.ts";
import { type PlaceOptions, placesOf } from "./places.ts";

/**
 * Looks the vault over and prints each check, with what to do about what is not as wanted.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0 when everything required is as it must be, else 1
 * @throws a failure when there is no vault
 */
export async function runStoreCheck(
  options: PlaceOptions & { readonly json: boolean },
  context: CommandContext,
): Promise<number> {
  const report = await keeping.lookOver(placesOf(options, context));
  const lines = options.json ? [showAsJson(report)] : checkLines(report.checks);
  for (const line of lines) await writeLine(context.stdout, line);
  return report.ok ? exitDone : exitFailed;
}
