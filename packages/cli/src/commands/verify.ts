/**
 * `toka verify`: the log, decided again from the start.
 */
import { keeping } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { type PlaceOptions, placesOf } from "./places.ts";

/**
 * Verifies a vault from its files, also while another process writes to it.
 *
 * This is the one question that is not put to the process that holds the vault: a process must not be the judge of its own log.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0 when every entry is as it must be, else 1
 * @throws a failure when there is no vault
 */
export async function runVerify(
  options: PlaceOptions & { readonly json: boolean },
  context: CommandContext,
): Promise<number> {
  const verdict = await keeping.verify(placesOf(options, context));
  if (options.json) await writeLine(context.stdout, JSON.stringify(verdict));
  else if (verdict.ok) {
    await writeLine(
      context.stdout,
      `verify: OK, ${verdict.entries} entries, re-decided ${verdict.reDecided}, attested ${verdict.attested}${verdict.shared === undefined ? "" : `; the first ${verdict.shared} lie with its parent`}`,
    );
  } else if (verdict.firstBad === undefined) {
    await writeLine(
      context.stdout,
      `verify: HASH ONLY, ${verdict.entries} entries, re-decided ${verdict.reDecided}, hash only ${verdict.hashOnly}: the bundle of a family is not in the vault, so what it decided is not decided again`,
    );
  } else {
    const place =
      verdict.firstBad === undefined
        ? ""
        : ` at entry ${verdict.firstBad.position}: ${showOnOneLine(verdict.firstBad.reason)}`;
    await writeLine(context.stdout, `verify: BAD${place}`);
  }
  return verdict.ok ? exitDone : exitFailed;
}
