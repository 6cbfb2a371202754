/**
 * A noun: a command that holds commands, and answers to a word that is none of them.
 */
import type { Command } from "commander";

/**
 * Adds a noun to the program.
 *
 * @param program - the program
 * @param words - the noun, and what it is for
 * @returns the command that its verbs are added to
 */
export function addNoun(program: Command, words: { readonly name: string; readonly purpose: string }): Command {
  return program
    .command(words.name)
    .description(words.purpose)
    .showHelpAfterError(`(toka ${words.name} --help lists its commands)`)
    .showSuggestionAfterError();
}
