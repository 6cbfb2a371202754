/**
 * `toka backup`: the vault, kept in a folder of its own.
 */
import { resolve } from "node:path";

import { keeping } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showBytes } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka backup` takes. */
export interface BackupOptions extends PlaceOptions {
  readonly to: string;
  readonly json: boolean;
}

/**
 * Brings the backup in a folder up to the vault's head.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault, or the folder holds something else
 */
export async function runBackup(options: BackupOptions, context: CommandContext): Promise<number> {
  const { to, json } = options;
  const { onNote } = asking(context, "read");
  const request = {
    to: resolve(context.cwd, to),
    signal: context.interrupted,
    onNote,
    ...(context.stderrIsTerminal
      ? {
          onProgress: (done: number, total: number) =>
            void context.stderr.write(`toka: kept ${done} of ${total} entries\n`),
        }
      : {}),
  };
  const report = await keeping.backUp(placesOf(options, context), request);
  const { size, entries, payloads, bytes } = report;
  const told = `kept ${size} entries in ${showOnOneLine(to)}: ${entries} new, with ${payloads} payloads, ${showBytes(bytes)}`;
  await writeLine(context.stdout, json ? showAsJson(report) : told);
  return exitDone;
}
