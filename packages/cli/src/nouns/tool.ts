/**
 * `toka tool`: the command lines.
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
export function addTool(program: Command, frame: Frame): void {
  const tool = addNoun(program, { name: "tool", purpose: "Look at registered tools, call them, register more" });
  jsonCommand(tool, "list")
    .description("List the registered tools")
    .addHelpText("after", example("toka tool list"))
    .action(async (options: NounOptions) => {
      const { listTools } = await import("../commands/tool.ts");
      await perform(frame, options, listTools);
    });
  jsonCommand(tool, "show")
    .description("Show one tool: its program's digest, and the most that a call may claim")
    .argument("<name|id>", "of a registered tool")
    .addHelpText("after", example("toka tool show file-reader"))
    .action(async (name: string, options: NounOptions) => {
      const { showTool } = await import("../commands/tool.ts");
      await perform(frame, { ...options, name }, showTool);
    });
  jsonCommand(tool, "run")
    .description("Call a tool in the sandbox, as an effect with its entries in the log")
    .argument("<name|id>", "of a registered tool")
    .option("--with <json>", "its arguments as a JSON object", "{}")
    .addHelpText("after", example(`toka tool run file-lister --with "{\\"path\\": \\"$PWD\\"}"`))
    .action(async (name: string, options: NounOptions & { with: string }) => {
      const { callTool } = await import("../commands/tool.ts");
      await perform(frame, { ...options, name }, callTool);
    });
  jsonCommand(tool, "register")
    .description("Make the tools in a folder known to the vault: for toka tool run, and for agent files")
    .requiredOption("--discover <dir>", "folder that holds one folder for each program, with its manifests")
    .addHelpText("after", example("toka tool register --discover ./tools"))
    .action(async (options: NounOptions & { discover: string }) => {
      const { registerTools } = await import("../commands/tool.ts");
      await perform(frame, options, registerTools);
    });
}
