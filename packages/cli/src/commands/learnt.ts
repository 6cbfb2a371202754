/**
 * `toka exec --learn`: what was learnt from a run, told on standard error, since standard output belongs to the program.
 */
import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";

import type { ExecOutcome } from "@toka/service";

import { type CommandContext, writeLine } from "../context.ts";
import { showAmounts } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";

/** A run under the learnt grant gets this many times the time that was used, which is longer than it takes unobserved. */
const timeFactor = 2;

/**
 * Tells the smallest grant for what a program did: its last line is a JSON list as `--grant` takes it.
 *
 * @param outcome - of the run
 * @param how - where to; `to` names a file that gets the grant, too
 * @throws a system error when that file cannot be written
 */
export async function tellLearnt(
  outcome: ExecOutcome,
  { context, to }: { readonly context: CommandContext; readonly to: string | undefined },
): Promise<void> {
  const tell = async (line: string): Promise<void> => writeLine(context.stderr, line);
  if (outcome.type !== "exited" || outcome.learnt === undefined)
    return tell("toka: nothing is learnt from this run: the program was not started, or did not end by itself");
  const { learnt, code } = outcome;
  if (learnt === null) return tell("toka: Cannot learn from this run: it used more paths than can be written down");
  const { permissions, programs, widened, usage } = learnt;
  const seconds = Math.max(1, Math.ceil(((usage.wallMs ?? 0) * timeFactor) / 1000));
  await tell(`toka: learnt from this one run${code === 0 ? "" : `, which ended with ${code}`}; another may need more`);
  await tell(`toka: it started ${programs.map((program) => showOnOneLine(program)).join(", ")}`);
  await tell(`toka: it used ${showAmounts(usage)}; --timeout ${seconds} leaves it room`);
  for (const folder of widened) await tell(`toka: all of ${showOnOneLine(folder)} stands for many files in it`);
  const grant = showAsJson(permissions);
  await tell(grant);
  if (to !== undefined) await writeFile(resolve(context.cwd, to), `${grant}\n`);
}
