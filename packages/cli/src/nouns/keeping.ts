/**
 * `toka store`: the command lines about a vault's files as a whole.
 */
import type { Command } from "commander";

import type { PlaceOptions } from "../commands/places.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

/**
 * Adds the commands.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addKeeping(program: Command, frame: Frame): void {
  const store = addNoun(program, { name: "store", purpose: "Look after the files of the vault" });
  jsonCommand(store, "check")
    .description(
      "Look the vault over in a moment: readable, signed, known, private, with room left; decides nothing again",
    )
    .addHelpText("after", example("toka store check", "toka store check --json"))
    .action(async (options: PlaceOptions & { readonly json: boolean }) => {
      const { runStoreCheck } = await import("../commands/store-check.ts");
      await perform(frame, options, runStoreCheck);
    });
}
