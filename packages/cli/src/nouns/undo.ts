/**
 * `toka changes` and `toka undo`: the command lines.
 */
import type { Command } from "commander";

import type { ChangesOptions } from "../commands/changes.ts";
import type { UndoOptions } from "../commands/undo.ts";
import { example, type Frame, jsonCommand, parsePosition, perform, vaultCommand } from "../frame.ts";

/**
 * Adds both commands.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addUndo(program: Command, frame: Frame): void {
  vaultCommand(program, "changes")
    .description("Show which files were changed: by whom, when, under which grant, and whether it was undone")
    .option("--agent <name|id>", "only what this agent changed")
    .option("--task <id>", "only what this task changed")
    .option("--session <id>", "only what this session changed")
    .option(
      "--path <path|glob>",
      "only this file, this folder and all below it, or what a pattern such as '**/*.md' names",
    )
    .option("--since <position>", "only what was settled behind this position", parsePosition, 0)
    .option("--json", "print one JSON object a line", false)
    .addHelpText("after", example("toka changes", "toka changes --agent curious --path '**/*.md'"))
    .action(async (options: ChangesOptions) => {
      const { runChanges } = await import("../commands/changes.ts");
      await perform(frame, options, runChanges);
    });
  jsonCommand(program, "undo")
    .description(
      "Take back what an effect, a task, an agent or a session changed; refused, and nothing touched, when a path was changed since",
    )
    .argument("<what>", "its id or the beginning of it, an agent's name, or a position in the log")
    .option("--dry-run", "only say what would be done", false)
    .option("--diff", "show the lines that differ", false)
    .option("--merge", "keep what was changed since, where texts can be merged", false)
    .addHelpText("after", example("toka undo effect-40-0 --dry-run --diff", "toka undo curious --merge"))
    .action(async (what: string, options: Omit<UndoOptions, "what">) => {
      const { runUndo } = await import("../commands/undo.ts");
      await perform(frame, { ...options, what }, runUndo);
    });
}
