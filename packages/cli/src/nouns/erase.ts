/**
 * `toka erase`: the command line.
 */
import type { Command } from "commander";

import type { EraseOptions } from "../commands/erase.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";

/**
 * Adds the command.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addErase(program: Command, frame: Frame): void {
  jsonCommand(program, "erase")
    .description("Erase contents for good: an entry says so, and everything still verifies")
    .argument("[what...]", "commitments, and positions of entries whose contents are meant")
    .option("--agent <name|id>", "contents of the entries that concern this agent")
    .option("--session <id>", "contents of the entries that concern this session")
    .option("--before <position|time>", "of these entries, or of all, those before this one or this moment")
    .option("--reason <text>", "why, for the log; everybody who reads it sees this; not needed with --dry-run")
    .option("--dry-run", "only say what would be erased", false)
    .option("--yes", "do not ask", false)
    .addHelpText(
      "after",
      example(
        "toka erase 42 --dry-run",
        'toka erase --agent curious --before 2026-01-01 --reason "kept for long enough" --yes',
      ),
    )
    .action(async (what: readonly string[], options: Omit<EraseOptions, "what">) => {
      const { runErase } = await import("../commands/erase.ts");
      await perform(frame, { ...options, what }, runErase);
    });
}
