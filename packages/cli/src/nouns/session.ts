/**
 * `toka session`: the command lines.
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
export function addSession(program: Command, frame: Frame): void {
  const session = addNoun(program, { name: "session", purpose: "Look at open sessions, end them" });
  jsonCommand(session, "list")
    .description("List the open sessions")
    .addHelpText("after", example("toka session list"))
    .action(async (options: NounOptions) => {
      const { listSessions } = await import("../commands/session.ts");
      await perform(frame, options, listSessions);
    });
  jsonCommand(session, "show")
    .description("Show one session: its agents, and who waits for whom")
    .argument("<name|id>", "of an open session")
    .addHelpText("after", example("toka session show greeter"))
    .action(async (name: string, options: NounOptions) => {
      const { showSession } = await import("../commands/session.ts");
      await perform(frame, { ...options, name }, showSession);
    });
  jsonCommand(session, "end")
    .description("End a session and its live agents, in one entry of the log")
    .argument("<name|id>", "of an open session")
    .option("--outcome <word>", "cancelled, completed or failed", "cancelled")
    .addHelpText("after", example("toka session end greeter"))
    .action(async (name: string, options: NounOptions & { outcome: string }) => {
      const { endSession } = await import("../commands/session.ts");
      await perform(frame, { ...options, name }, endSession);
    });
}
