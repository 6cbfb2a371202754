/**
 * `toka grant` and `toka principal`: the command lines.
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
export function addGrant(program: Command, frame: Frame): void {
  const grant = addNoun(program, { name: "grant", purpose: "Look at who may do what, pass rights on, end them" });
  jsonCommand(grant, "tree")
    .description("Show every live grant below the one that it narrows")
    .option("--all", "show every permission of each grant", false)
    .addHelpText("after", example("toka grant tree"))
    .action(async (options: NounOptions & { all: boolean }) => {
      const { showGrantTree } = await import("../commands/grant.ts");
      await perform(frame, options, showGrantTree);
    });
  jsonCommand(grant, "delegate")
    .description("Pass part of a grant of yours on to a principal; never more than you hold, never for longer")
    .argument("<principal>", "name or id of who is to hold it")
    .argument("<permission...>", "such as fs.read:/srv/data/**")
    .option("--from <grant>", "the grant to narrow (default: your own)")
    .option("--for <span>", "how long it lives, such as 15m, 2h or 7d (default: as long as the grant above)")
    .addHelpText("after", example("toka grant delegate auditor 'fs.read:/srv/data/**' --for 2h"))
    .action(async (to: string, permissions: string[], options: NounOptions & { from?: string; for?: string }) => {
      const { delegateGrant } = await import("../commands/grant.ts");
      await perform(frame, { ...options, to, permissions }, delegateGrant);
    });
  jsonCommand(grant, "revoke")
    .description("End a grant and all below it, and what runs under them")
    .argument("<grant>", "its id")
    .addHelpText("after", example("toka grant revoke grant-4-0"))
    .action(async (id: string, options: NounOptions) => {
      const { revokeGrant } = await import("../commands/grant.ts");
      await perform(frame, { ...options, grant: id }, revokeGrant);
    });
}

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addPrincipal(program: Command, frame: Frame): void {
  const principal = addNoun(program, { name: "principal", purpose: "Look at who can hold rights and budgets" });
  jsonCommand(principal, "list")
    .description("List people, services, agents and the host")
    .addHelpText("after", example("toka principal list"))
    .action(async (options: NounOptions) => {
      const { listPrincipals } = await import("../commands/principal.ts");
      await perform(frame, options, listPrincipals);
    });
  jsonCommand(principal, "register")
    .description("Make somebody known who can hold rights and budgets")
    .argument("<name>", "letters, digits and . _ + @ -")
    .option("--kind <word>", "person, service or agent", "person")
    .addHelpText("after", example("toka principal register auditor"))
    .action(async (name: string, options: NounOptions & { kind: string }) => {
      const { registerPrincipal } = await import("../commands/principal.ts");
      await perform(frame, { ...options, name }, registerPrincipal);
    });
}
