/**
 * `toka verify`, `toka checkpoint` and `toka prove`: the command lines.
 */
import type { Command } from "commander";

import type { CheckpointOptions } from "../commands/checkpoint.ts";
import type { ExportOptions } from "../commands/export.ts";
import type { PlaceOptions } from "../commands/places.ts";
import type { ProveOptions } from "../commands/prove.ts";
import { example, type Frame, jsonCommand, parsePosition, perform, vaultCommand } from "../frame.ts";
import { UsageError } from "../usage-error.ts";

/**
 * Adds the commands.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addProof(program: Command, frame: Frame): void {
  addVerify(program, frame);
  jsonCommand(program, "checkpoint")
    .description("Sign a checkpoint of the log as it is, print it, and hand it to witnesses")
    .option("--out <file>", "write it to this file")
    .option(
      "--witness <destination>",
      "who is to keep it: file:PATH, git:FOLDER or an http address; may be given again",
      (word: string, before: readonly string[]) => [...before, word],
      [],
    )
    .option("--key", "print the public key that signs instead, for toka verify --key", false)
    .addHelpText("after", example("toka checkpoint --out head.note", "toka checkpoint --key > vault.key"))
    .action(async (options: CheckpointOptions) => {
      const { runCheckpoint } = await import("../commands/checkpoint.ts");
      await perform(frame, options, runCheckpoint);
    });
  addExport(program, frame);
  vaultCommand(program, "prove")
    .description("Prove that an entry stands in the log, or that the log only grew between two checkpoints")
    .argument("[entry]", "position of the entry", parsePosition)
    .option("--from <size>", "size of the older checkpoint", parsePosition)
    .option("--to <size>", "size of the newer checkpoint (default: the log as it is)", parsePosition)
    .option("--out <file>", "write the proof to this file")
    .addHelpText("after", example("toka prove 7 --out entry-7.proof", "toka prove --from 2"))
    .action(async (entry: number | undefined, options: Omit<ProveOptions, "entry">) => {
      const { runProve } = await import("../commands/prove.ts");
      await perform(frame, { ...options, ...(entry === undefined ? {} : { entry }) }, runProve);
    });
}

function addExport(program: Command, frame: Frame): void {
  vaultCommand(program, "export")
    .description("Write a part of the log, or all of it, to a file that verifies by itself")
    .option("--agent <name|id>", "only what concerns this agent")
    .option("--from <position>", "first entry", parsePosition, 1)
    .option("--to <position>", "last entry (default: the end of the log)", parsePosition)
    .option(
      "--redact",
      "leave every content out: what commits to it stays, and nothing can be guessed from that",
      false,
    )
    .requiredOption("--out <file>", "file to write")
    .addHelpText(
      "after",
      example("toka export --out log.export", "toka export --agent curious --redact --out part.export"),
    )
    .action(async (options: ExportOptions) => {
      const { runExport } = await import("../commands/export.ts");
      await perform(frame, options, runExport);
    });
}

interface VerifyOptions extends PlaceOptions {
  readonly key?: string;
  readonly checkpoint?: string;
  readonly each: boolean;
  readonly json: boolean;
}

function addVerify(program: Command, frame: Frame): void {
  vaultCommand(program, "verify")
    .description("Decide every entry of the log again and compare, or say what a file proves; exit 1 when one differs")
    .argument("[file]", "a proof, an export, a checkpoint or the folder of a backup: no vault is asked then")
    .option("--key <key|file>", "public key that must have signed the file")
    .option("--checkpoint <file>", "an older checkpoint that the log of the file must continue")
    .option("--each", "print the verdict of each entry of an export first", false)
    .option("--json", "print the verdict as one line", false)
    .addHelpText(
      "after",
      example(
        "toka verify",
        "toka verify --vault ../backup/.toka --json",
        "toka verify entry-7.proof --key vault.key",
        "toka verify log.export --key vault.key",
        "toka verify ../kept --key vault.key",
      ),
    )
    .action(async (file: string | undefined, options: VerifyOptions) => {
      const trusted = options.key !== undefined || options.checkpoint !== undefined || options.each;
      if (file === undefined) {
        if (trusted)
          throw new UsageError("Cannot verify: --key, --checkpoint and --each are for a file, and none was given");
        const { runVerify } = await import("../commands/verify.ts");
        await perform(frame, options, runVerify);
        return;
      }
      const { runVerifyFile } = await import("../commands/verify-file.ts");
      await perform(frame, { ...options, file }, runVerifyFile);
    });
}
