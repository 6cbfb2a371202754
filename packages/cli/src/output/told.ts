/**
 * What is said to people when something did not succeed, and when there is nothing.
 */
import type { Told } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showOnOneLine } from "./plain.ts";

/** Characters of one line of a guest. */
const lineWidthMax = 200;

/**
 * Tells outcome and code, what the gate or the agent said, and the last that the program said.
 *
 * @param told - its texts as they are in the log
 * @returns lines that are safe to show, the program's own indented
 */
export function toldLines({ outcome, code, message, lastLines }: Told): readonly string[] {
  return [
    `came to: ${outcome}${code === null ? "" : ` (${showOnOneLine(code, lineWidthMax)})`}${message === null ? "" : `: ${showOnOneLine(message, lineWidthMax)}`}`,
    ...lastLines.map((line) => `  | ${showOnOneLine(line, lineWidthMax)}`),
  ];
}

/**
 * Says that there is nothing to list: to a person where the list would stand, and anywhere else on standard error, so that what reads the
 * list finds it empty.
 *
 * @param context - streams
 * @param none - such as `no live agents`
 * @returns 0
 */
export async function tellNone(context: CommandContext, none: string): Promise<number> {
  await writeLine(context.stdoutIsTerminal ? context.stdout : context.stderr, none);
  return exitDone;
}

/**
 * Counts things.
 *
 * @param count - how many
 * @param things - what they are called when they are many, such as `grants`
 * @returns such as `1 grant` and `2 grants`
 */
export function countOf(count: number, things: string): string {
  return `${count} ${count === 1 ? things.replace(/s$/u, "") : things}`;
}
