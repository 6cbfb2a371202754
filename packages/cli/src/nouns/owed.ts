/**
 * `toka owed`: the command lines.
 */
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addOwed(program: Command, frame: Frame): void {
  const owed = addNoun(program, {
    name: "owed",
    purpose: "Look at effects whose outcome nobody knows, and close them",
  });
  jsonCommand(owed, "list")
    .description("List the effects that were started and whose process died before their outcome was known")
    .addHelpText("after", example("toka owed list"))
    .action(async (options: NounOptions) => {
      const { listOwed } = await import("../commands/owed.ts");
      await perform(frame, options, listOwed);
    });
  jsonCommand(owed, "abandon")
    .description("Give up learning what came of an effect; what was presumed spent stays spent")
    .argument("<effect>", "its id")
    .requiredOption("--reason <text>", "what you found out, for the log")
    .addHelpText("after", example("toka owed abandon effect-42-0 --reason 'the mail was sent, says the server'"))
    .action(async (effect: string, options: NounOptions & { reason: string }) => {
      const { abandonOwed } = await import("../commands/owed.ts");
      await perform(frame, { ...options, effect }, abandonOwed);
    });
}
