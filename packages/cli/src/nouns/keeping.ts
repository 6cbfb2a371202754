/**
 * `toka store` and `toka backup`: the command lines about a vault's files as a whole.
 */
import type { Command } from "commander";

import type { BackupOptions } from "../commands/backup.ts";
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
  jsonCommand(program, "backup")
    .description("Back the vault up to a folder while it is being written: all of it at first, then what came since")
    .requiredOption("--to <dir>", "folder of the backup: absent, empty, or a backup of this vault")
    .addHelpText("after", example("toka backup --to ../kept", "toka backup --to ../kept --json"))
    .action(async (options: BackupOptions) => {
      const { runBackup } = await import("../commands/backup.ts");
      await perform(frame, options, runBackup);
    });
}
