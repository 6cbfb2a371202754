/**
 * `toka state`, `toka diff`, `toka replay`, `toka fork` and `toka resume`: the command lines.
 */
import { type Command, Option } from "commander";

import type { ForkOptions } from "../commands/fork.ts";
import type { ReplayOptions } from "../commands/replay.ts";
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
  jsonCommand(program, "resume")
    .description("Let a held vault, such as a fork, start things again")
    .addHelpText("after", example("toka resume --vault ../fork/.toka"))
    .action(async (options: NounOptions) => {
      const { runResume } = await import("../commands/fork.ts");
      await perform(frame, options, runResume);
    });
  addFork(program, frame);
  addReplay(program, frame);
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

function addReplay(program: Command, frame: Frame): void {
  jsonCommand(program, "replay")
    .description(
      "Decide what is recorded again as if something had been otherwise; nothing is done and nothing written",
    )
    .argument("<file>", "the policies, the agent, or amounts by agent or budget")
    .requiredOption("--at <position>", "begin with the state after this entry, from 1", parsePosition)
    .addOption(
      new Option("--with <what>", "what the file holds")
        .choices(["policy", "definition", "budget"])
        .makeOptionMandatory(),
    )
    .option("--to <position>", "last entry (default: the last one there is)", parsePosition)
    .option("--output <dir>", "where the agent's deliverables went (default: where a run of the file alone puts them)")
    .addHelpText("after", example("toka replay --at 1 --with policy never.yaml"))
    .action(async (file: string, options: Omit<ReplayOptions, "file">) => {
      const { runReplay } = await import("../commands/replay.ts");
      await perform(frame, { ...options, file }, runReplay);
    });
}

// Its --workspace is that of the new vault; the one to fork is that of the folder it is called in, or --vault.
function addFork(program: Command, frame: Frame): void {
  program
    .command("fork")
    .showHelpAfterError("(toka fork --help says how it is called)")
    .description("Make a new vault that goes on from an entry of this one; it is held until toka resume")
    .requiredOption("--into <dir>", "folder of the new vault, empty or not there")
    .option("--at <position>", "last entry that both share (default: the last one there is)", parsePosition)
    .option("--workspace <dir>", "copy the files here as they were then, and have the new vault work on them")
    .option("--vault <dir>", "vault to fork (default: .toka in the folder you are in)")
    .option("--json", "print one JSON object", false)
    .addHelpText("after", example("toka fork --at 40 --into ../fork/.toka --workspace ../fork-files"))
    .action(async (options: ForkOptions) => {
      const { runFork } = await import("../commands/fork.ts");
      await perform(frame, options, runFork);
    });
}
