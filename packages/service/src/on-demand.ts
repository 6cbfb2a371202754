/**
 * What a plain function needs of a package that takes long to load: a command that is answered over the socket starts without it.
 *
 * Whatever can be waited for is behind `doors.ts` instead.
 */
import { createRequire } from "node:module";

import type * as Runtime from "@toka/runtime";

const load = createRequire(import.meta.url);

/**
 * The tail of a message that offers the nearest known word. Loads the package in place (`require` of modules, which Node 24 has), so
 * that whoever writes a message need not wait.
 *
 * @param word - as given
 * @param known - what would have been right
 * @returns the text, which may be empty
 */
export function suggestion(word: string, known: readonly string[]): string {
  const { suggestion: suggest }: typeof Runtime = load("@toka/runtime");
  return suggest(word, known);
}
