/**
 * `toka replay`: what is recorded, decided again as if something had been otherwise.
 */
import { resolve } from "node:path";

import { files, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAmounts } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { placesOf } from "./places.ts";
import { type NounOptions, reading } from "./vault-rows.ts";

/** What `toka replay` takes. */
export interface ReplayOptions extends NounOptions {
  readonly file: string;
  readonly at: number;
  readonly with: "policy" | "definition" | "budget";
  readonly to?: number;
  readonly output?: string;
}

type ReplayReport = Awaited<ReturnType<VaultApi["replay"]>>;

/** Lines of what came out otherwise; `--json` has them all. */
const linesMax = 100;
const textWidthMax = 80;

/**
 * Prints what would have come out otherwise.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault, its log is shorter, or the file has problems
 */
export async function runReplay(options: ReplayOptions, context: CommandContext): Promise<number> {
  const { at, to = null, output } = options;
  const supposition = await files.readSupposition(resolve(context.cwd, options.file), {
    type: options.with,
    places: placesOf(options, context),
    ...(output === undefined ? {} : { output: resolve(context.cwd, output) }),
  });
  const report = await reading({ options, context }, async (api) => api.replay({ at, to, supposition }));
  for (const line of options.json ? [showAsJson(report)] : tell(report)) await writeLine(context.stdout, line);
  return exitDone;
}

function tell(report: ReplayReport): readonly string[] {
  const { at, to, entries, divergences, objectives, booked, hypotheticalAfter } = report;
  const counts = (["refused", "allowed", "otherwise", "undecidable"] as const)
    .filter((fate) => report[fate] > 0)
    .map((fate) => `${report[fate]} ${words[fate]}`);
  const left = report.refused + report.allowed + report.otherwise - Math.min(divergences.length, linesMax);
  return [
    `entries ${at + 1} to ${to}, ${entries} decided again: ${[`${report.same} as before`, ...counts].join(", ")}`,
    ...(report.places === 0 ? ["nothing in this stretch is about what the file says"] : []),
    ...divergences.slice(0, linesMax).map(lineOf),
    ...(left > 0 ? [`and ${left} more`] : []),
    ...(hypotheticalAfter === null ? [] : [`what follows entry ${hypotheticalAfter} is hypothetical: ?`]),
    `booked: ${showAmounts(booked.was)}; it would have been: ${showAmounts(booked.now)}`,
    ...objectives
      .slice(0, linesMax)
      .map(
        ({ position, agent, objective }) =>
          `no longer certain: objective ${showOnOneLine(objective, textWidthMax)} of ${showOnOneLine(agent, textWidthMax)}, judged met by entry ${position}`,
      ),
  ];
}

const words = {
  refused: "newly refused",
  allowed: "newly allowed",
  otherwise: "otherwise",
  undecidable: "not decidable, since they speak of what came out otherwise",
} as const;

function lineOf({
  position,
  operation,
  agent,
  principal,
  fate,
  was,
  now,
  hypothetical,
}: ReplayReport["divergences"][number]): string {
  const who = showOnOneLine(agent ?? principal, textWidthMax);
  return `${hypothetical ? "?" : " "} ${words[fate]}: entry ${position} ${operation} of ${who}: ${was} → ${now}`;
}
