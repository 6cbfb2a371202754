/**
 * `toka store`, `toka backup` and `toka restore`: the command lines about a vault's files as a whole.
 */
import type { Command } from "commander";

import type { BackupOptions } from "../commands/backup.ts";
import type { PlaceOptions } from "../commands/places.ts";
import type { RestoreOptions } from "../commands/restore.ts";
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
  program
    .command("restore")
    .description("Make a vault from a backup, as it was after an entry or at a time; it is another vault, and held")
    .argument("<dir>", "folder of the backup")
    .requiredOption("--into <dir>", "folder of the vault, which must be empty or not there")
    .option("--at <position|time>", "as of this entry, or of the last one up to this time (default: the backup's end)")
    .option("--key <key|file>", "public key that must have signed the backup")
    .option("--checkpoint <file>", "an older checkpoint that the backup must continue")
    .option("--json", "print one JSON object", false)
    .addHelpText(
      "after",
      example("toka restore ../kept --into ../again/.toka", "toka restore ../kept --into ../then/.toka --at 4 --json"),
    )
    .action(async (dir: string, options: Omit<RestoreOptions, "dir">) => {
      const { runRestore } = await import("../commands/restore.ts");
      await perform(frame, { ...options, dir }, runRestore);
    });
}
