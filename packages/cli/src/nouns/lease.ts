/**
 * `toka lease`: the command lines.
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
export function addLease(program: Command, frame: Frame): void {
  const lease = addNoun(program, { name: "lease", purpose: "Own something alone for a while, and see who owns what" });
  jsonCommand(lease, "list")
    .description("List the leases in force")
    .addHelpText("after", example("toka lease list"))
    .action(async (options: NounOptions) => {
      const { listLeases } = await import("../commands/lease.ts");
      await perform(frame, options, listLeases);
    });
  jsonCommand(lease, "take")
    .description("Own what is called so, unless somebody does; prints the epoch, which is larger each time")
    .argument("<name>", "letters, digits and . _ + @ -")
    .option("--for <span>", "how long, such as 30s or 15m, at most 1d", "10m")
    .addHelpText("after", example("toka lease take deploy --for 10m"))
    .action(async (resource: string, options: NounOptions & { for: string }) => {
      const { takeLease } = await import("../commands/lease.ts");
      await perform(frame, { ...options, resource }, takeLease);
    });
  jsonCommand(lease, "renew")
    .description("Own it for longer, counted from now; refused when it ran out or is another's by now")
    .argument("<name>", "of a lease that is yours")
    .argument("<epoch>", "that it was taken with")
    .option("--for <span>", "how long, such as 30s or 15m, at most 1d", "10m")
    .addHelpText("after", example("toka lease renew deploy 1 --for 10m"))
    .action(async (resource: string, epoch: string, options: NounOptions & { for: string }) => {
      const { renewLease } = await import("../commands/lease.ts");
      await perform(frame, { ...options, resource, epoch }, renewLease);
    });
  jsonCommand(lease, "release")
    .description("Give it back; an administrator ends anybody's")
    .argument("<name>", "of a lease in force")
    .argument("<epoch>", "that it was taken with")
    .addHelpText("after", example("toka lease release deploy 1"))
    .action(async (resource: string, epoch: string, options: NounOptions) => {
      const { releaseLease } = await import("../commands/lease.ts");
      await perform(frame, { ...options, resource, epoch }, releaseLease);
    });
}
