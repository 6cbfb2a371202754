/**
 * `toka restore`: a vault from a backup.
 */
import { resolve } from "node:path";

import { keeping } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { parsePosition, parseTime } from "../frame.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { placesOf } from "./places.ts";
import { keyFrom, trustedIn } from "./verify-file.ts";

/** What `toka restore` takes. */
export interface RestoreOptions {
  readonly dir: string;
  readonly into: string;
  readonly at?: string;
  readonly key?: string;
  readonly checkpoint?: string;
  readonly json: boolean;
}

/** Entries after which progress is told. */
const toldEvery = 50_000;

/**
 * Makes a vault from a backup.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when the backup is not whole, or something is in the folder
 */
export async function runRestore(options: RestoreOptions, context: CommandContext): Promise<number> {
  const { dir, into, at, key, checkpoint, json } = options;
  const path = (word: string): string => resolve(context.cwd, word);
  const restored = await keeping.restore(placesOf({}, context), {
    from: path(dir),
    into: path(into),
    ...(at === undefined ? {} : momentOf(at)),
    ...(key === undefined ? {} : { key: keyFrom(key, path(key)) }),
    ...(checkpoint === undefined ? {} : { checkpoint: trustedIn(path(checkpoint)) }),
    signal: context.interrupted,
    onProgress: (position) => {
      if (position % toldEvery === 0) context.stderr.write(`toka: ${position} entries decided again\n`);
    },
  });
  if (json) await writeLine(context.stdout, showAsJson(restored));
  else for (const line of tell(restored, into)) await writeLine(context.stdout, line);
  return exitDone;
}

function momentOf(at: string): { readonly position: number } | { readonly timeMs: number } {
  return /^\d+$/u.test(at) ? { position: parsePosition(at) } : { timeMs: parseTime(at) };
}

function tell(
  { vault, parent, position, timeMs, signedBy }: Awaited<ReturnType<typeof keeping.restore>>,
  into: string,
): readonly string[] {
  return [
    `restored ${position} entries of ${showOnOneLine(parent)}, up to ${new Date(timeMs).toISOString()}, into ${showOnOneLine(into)}`,
    `it is ${vault}, with a key of its own, and held: look at it, then toka resume lets it go on`,
    ...(signedBy === "file"
      ? ["unproved: whose backup this is: the key is taken from the backup itself; give --key or --checkpoint"]
      : []),
  ];
}
