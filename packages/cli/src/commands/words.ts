/**
 * Words of which a command line takes one.
 */
import { suggestion } from "@toka/service";

import { UsageError } from "../usage-error.ts";

/**
 * Reads one of some words.
 *
 * @param given - as written on the command line
 * @param words - that are meant
 * @returns the word
 * @throws UsageError, with the nearest word, when it is none of them
 */
export function wordAmong<Word extends string>(given: string, words: readonly Word[]): Word {
  const word = words.find((one) => one === given);
  if (word === undefined)
    throw new UsageError(`Cannot use ${given}: wanted ${words.join(", ")}${suggestion(given, words)}`);
  return word;
}
