/**
 * Why something did not succeed, for people.
 */
import type { Told } from "@toka/service";

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
