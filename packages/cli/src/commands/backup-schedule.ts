/**
 * `--backup` and `--backup-every` of `toka up` and `toka serve`.
 */
import { resolve } from "node:path";

import { spanFrom } from "@toka/service";

import type { CommandContext } from "../context.ts";
import { UsageError } from "../usage-error.ts";

/** The two options. */
export interface BackupWords {
  readonly backup?: string;
  readonly backupEvery?: string;
}

/** How often when nothing is said, ms: once a day. */
const everyMsDefault = 86_400_000;
/** Shortest span, ms: each backup signs a head, and leaves a file. */
const everyMsMin = 60_000;
/** Longest, ms: a year. */
const everyMsMax = 31_536_000_000;

/**
 * Reads the schedule of backups.
 *
 * @param words - as given
 * @param context - where the command was called
 * @returns nothing when no backup is wanted
 * @throws UsageError when the span is none, or none of its own
 */
export async function scheduleOf(
  { backup, backupEvery }: BackupWords,
  context: CommandContext,
): Promise<{ readonly backup?: { readonly to: string; readonly everyMs: number } }> {
  if (backup === undefined) {
    if (backupEvery === undefined) return {};
    throw new UsageError("Cannot back up: --backup-every says how often, and --backup where to; give both");
  }
  const everyMs = backupEvery === undefined ? everyMsDefault : await spanFrom(backupEvery);
  if (everyMs === undefined || everyMs < everyMsMin || everyMs > everyMsMax)
    throw new UsageError(`Cannot back up every ${backupEvery ?? ""}: wanted a span from 1m to 365d, such as 1h`);
  return { backup: { to: resolve(context.cwd, backup), everyMs } };
}
