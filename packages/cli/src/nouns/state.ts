/**
 * `toka state`: the command line.
 */
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";

/**
 * Adds the command.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addState(program: Command, frame: Frame): void {
  jsonCommand(program, "state")
    .alias("query-state")
    .description("Show how much lives in each area of the vault and what each agent does; with --json, every row")
    .addHelpText("after", example("toka state", "toka state --json"))
    .action(async (options: NounOptions) => {
      const { showState } = await import("../commands/state.ts");
      await perform(frame, options, showState);
    });
}
