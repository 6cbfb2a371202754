/**
 * `toka state` and `toka diff`: the command line.
 */
import type { Command } from "commander";

import type { StateOptions } from "../commands/state.ts";
import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, parsePosition, perform } from "../frame.ts";

/**
 * Adds the commands.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addState(program: Command, frame: Frame): void {
  jsonCommand(program, "state")
    .alias("query-state")
    .description("Show how much lives in each area of the vault and what each agent does; with --json, every row")
    .option("--at <position>", "as it was after this entry; 0 for the empty log", parsePosition)
    .addHelpText("after", example("toka state", "toka state --json", "toka state --at 3"))
    .action(async (options: StateOptions) => {
      const { showState } = await import("../commands/state.ts");
      await perform(frame, options, showState);
    });
  jsonCommand(program, "diff")
    .description("Show what differs in the state after one entry from that after another: what came, went and changed")
    .argument("<from>", "position of an entry; 0 for the empty log", parsePosition)
    .argument("<to>", "position of another", parsePosition)
    .addHelpText("after", example("toka diff 2 3", "toka diff 0 3 --json"))
    .action(async (from: number, to: number, options: NounOptions) => {
      const { runDiff } = await import("../commands/diff.ts");
      await perform(frame, { ...options, from, to }, runDiff);
    });
}
