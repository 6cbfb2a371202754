/**
 * `toka run` and `toka serve`: the command lines.
 */
import type { Command } from "commander";

import type { ServeOptions } from "../commands/serve.ts";
import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, parsePort, perform, vaultCommand, withBackup } from "../frame.ts";

/**
 * Adds the commands.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addRun(program: Command, frame: Frame): void {
  jsonCommand(program, "run")
    .description("Run agent files, or a crew, as one session, to its end")
    .argument("<file...>", "agent files, or one crew folder")
    .option("--dry-run", "start nothing: show what it asks for, can cost at most and can write", false)
    .addHelpText("after", example("toka run greeter.yaml --dry-run", "toka run greeter.yaml"))
    .action(async (files: string[], options: NounOptions & { dryRun: boolean }) => {
      const { runFiles } = await import("../commands/run.ts");
      await perform(frame, { ...options, files }, runFiles);
    });
  withBackup(vaultCommand(program, "serve"))
    .alias("daemon")
    .description(
      "Hold the vault until Ctrl-C; run the sessions that are open in it, and those that are started meanwhile",
    )
    .option(
      "--port <port>",
      "listen on loopback at this port, for callers with a token; 0 takes a free one",
      parsePort,
      0,
    )
    .option("--no-port", "listen on the socket alone")
    .option("--alerts <file>", "where alerts go beside the terminal: commands and webhooks")
    .addHelpText("after", example("toka serve"))
    .action(async (options: ServeOptions) => {
      const { runServe } = await import("../commands/serve.ts");
      await perform(frame, options, runServe);
    });
}
