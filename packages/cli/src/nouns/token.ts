/**
 * `toka token`, and `generate-token` as the original called it: the command lines.
 */
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

const spanHelp = "how long it lives, such as 15m or 2h, at most 24h";

/**
 * Adds the noun, and the original's name for minting.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addToken(program: Command, frame: Frame): void {
  const token = addNoun(program, { name: "token", purpose: "Let somebody ask over loopback for a while" });
  jsonCommand(token, "mint")
    .description("Print a token for a grant: of a name and permissions that you give, or one that stands")
    .argument("[permission...]", "such as vault.read:status; the grant holds these and ends with the token")
    .option("--subject <name>", "who asks with it; made known when nobody is called so")
    .option("--grant <grant>", "instead of a subject and permissions: a grant that stands, of a person or a service")
    .option("--for <span>", spanHelp, "15m")
    .addHelpText("after", example("toka token mint --subject dashboard vault.read:status vault.read:log --for 1h"))
    .action(async (permissions: string[], options: NounOptions & { subject?: string; grant?: string; for: string }) => {
      const { mintToken } = await import("../commands/token.ts");
      await perform(frame, { ...options, permissions }, mintToken);
    });
  jsonCommand(token, "rotate")
    .description("Sign with a new key from now on; tokens of the last one stand until they end")
    .addHelpText("after", example("toka token rotate"))
    .action(async (options: NounOptions) => {
      const { rotateTokenKey } = await import("../commands/token.ts");
      await perform(frame, options, rotateTokenKey);
    });
  jsonCommand(program, "generate-token")
    .description("Print a token: toka token mint, as the original called it")
    .requiredOption("--subject <name>", "who asks with it")
    .requiredOption("--permissions <list>", "permissions, with commas between them")
    .option("--for <span>", spanHelp, "15m")
    .addHelpText("after", example("toka generate-token --subject dashboard --permissions vault.read:status"))
    .action(async (options: NounOptions & { subject: string; permissions: string; for: string }) => {
      const { mintToken } = await import("../commands/token.ts");
      const permissions = options.permissions.split(",").map((permission) => permission.trim());
      await perform(frame, { ...options, permissions }, mintToken);
    });
}
