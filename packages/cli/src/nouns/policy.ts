/**
 * `toka policy`: the command lines.
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
export function addPolicy(program: Command, frame: Frame): void {
  const policy = addNoun(program, {
    name: "policy",
    purpose: "Look at what is forbidden, approved first or agreed for everybody, and change it",
  });
  jsonCommand(policy, "list")
    .description("List the policies in force")
    .addHelpText("after", example("toka policy list"))
    .action(async (options: NounOptions) => {
      const { listPolicies } = await import("../commands/policy.ts");
      await perform(frame, options, listPolicies);
    });
  jsonCommand(policy, "set")
    .description(
      "Enact the policies of a file, all or none, each in place of the one of its name; others stay in force",
    )
    .argument("<file>", "policy file (YAML); toka check looks at it first when it is called NAME.policy.yaml")
    .addHelpText("after", example("toka policy set careful.policy.yaml"))
    .action(async (file: string, options: NounOptions) => {
      const { setPolicies } = await import("../commands/policy.ts");
      await perform(frame, { ...options, file }, setPolicies);
    });
  jsonCommand(policy, "remove")
    .description("Lift a policy")
    .argument("<name>", "of a policy in force")
    .addHelpText("after", example("toka policy remove no-network"))
    .action(async (name: string, options: NounOptions) => {
      const { removePolicy } = await import("../commands/policy.ts");
      await perform(frame, { ...options, name }, removePolicy);
    });
}
