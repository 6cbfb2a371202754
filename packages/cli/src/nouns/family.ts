/**
 * `toka family`: the command lines.
 */
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, parsePosition, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addFamily(program: Command, frame: Frame): void {
  const family = addNoun(program, {
    name: "family",
    purpose: "Have a domain's own operations decided by a bundle of code that the log keeps",
  });
  jsonCommand(family, "list")
    .description("List the families that are enabled")
    .addHelpText("after", example("toka family list"))
    .action(async (options: NounOptions) => {
      const { listFamilies } = await import("../commands/family.ts");
      await perform(frame, options, listFamilies);
    });
  jsonCommand(family, "show")
    .description("Show one family: its operations and events as its bundle describes them, and its rows")
    .argument("<prefix>", "of a family that is enabled")
    .addHelpText("after", example("toka family show ledger"))
    .action(async (prefix: string, options: NounOptions) => {
      const { showFamily } = await import("../commands/family.ts");
      await perform(frame, { ...options, prefix }, showFamily);
    });
  family
    .command("check")
    .description("Try a bundle before a vault has it: drawn calls, in the engine of vaults and in another")
    .argument("<file>", "its bundle, one script; or a folder with family.js")
    .option("--seed <number>", "that the calls are drawn from", parsePosition, 1)
    .option("--json", "print one JSON object", false)
    .addHelpText("after", example("toka family check examples/families/ledger"))
    .action(async (file: string, options: { seed: number; json: boolean }) => {
      const { checkFamily } = await import("../commands/family.ts");
      await perform(frame, { ...options, file }, checkFamily);
    });
  jsonCommand(family, "enable")
    .description("Enable a family, or a later version of one, which goes on with its rows")
    .argument("<file>", "its bundle, one script; or a folder with family.js")
    .addHelpText("after", example("toka family enable examples/families/ledger"))
    .action(async (file: string, options: NounOptions) => {
      const { enableFamily } = await import("../commands/family.ts");
      await perform(frame, { ...options, file }, enableFamily);
    });
  jsonCommand(family, "call")
    .description("Ask a family for one of its operations, in the operator's name")
    .argument("<prefix.verb>", "the operation, such as ledger.open")
    .option("--body <json>", "what is asked, as a JSON object of whole numbers and texts", "{}")
    .addHelpText("after", example(`toka family call ledger.open --body '{"account": "ann"}'`))
    .action(async (name: string, options: NounOptions & { body: string }) => {
      const { callFamily } = await import("../commands/family.ts");
      await perform(frame, { ...options, name }, callFamily);
    });
}
