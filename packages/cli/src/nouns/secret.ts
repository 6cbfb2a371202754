/**
 * `toka secret`: the command lines.
 */
import { type Command, Option } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addSecret(program: Command, frame: Frame): void {
  const secret = addNoun(program, { name: "secret", purpose: "Keep secrets, and keep them out of the log" });
  jsonCommand(secret, "set")
    .description("Keep a secret; its value is read from standard input, or asked for without showing it")
    .argument("<name>", "letters, digits and . _ + @ -")
    .addHelpText("after", example("printf %s 'correct-horse-7' | toka secret set mail-password"))
    .action(async (name: string, options: NounOptions) => {
      const { setSecret } = await import("../commands/secret.ts");
      await perform(frame, { ...options, name }, setSecret);
    });
  jsonCommand(secret, "list")
    .description("List the names of secrets; their values are never shown")
    .addHelpText("after", example("toka secret list"))
    .action(async (options: NounOptions) => {
      const { listSecrets } = await import("../commands/secret.ts");
      await perform(frame, options, listSecrets);
    });
  jsonCommand(secret, "remove")
    .description("Forget a secret; it is no longer kept out of the log either")
    .argument("<name>", "as it is listed")
    .addHelpText("after", example("toka secret remove mail-password"))
    .action(async (name: string, options: NounOptions) => {
      const { removeSecret } = await import("../commands/secret.ts");
      await perform(frame, { ...options, name }, removeSecret);
    });
  jsonCommand(secret, "rekey")
    .description("Seal all secrets with a new key")
    .addOption(
      new Option("--key <place>", "where the new key is kept (default: where the last one is)").choices([
        "file",
        "keyring",
        "environment",
      ]),
    )
    .addHelpText("after", example("toka secret rekey"))
    .action(async (options: NounOptions & { key?: "file" | "keyring" | "environment" }) => {
      const { rekeySecrets } = await import("../commands/secret.ts");
      await perform(frame, options, rekeySecrets);
    });
}
