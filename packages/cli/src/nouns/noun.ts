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

/** What a noun alone means, the first of these that it has. */
const verbsAlone: readonly string[] = ["list", "tree"];

/**
 * Completes a command line that names a noun and no verb: it means its list.
 *
 * @param args - as given
 * @param program - with its commands
 * @returns the command line with the verb, or as it was given
 */
export function withVerb(args: readonly string[], program: Command): readonly string[] {
  const [first, second, ...rest] = args;
  const noun = program.commands.find((command) => command.name() === first);
  const verb = verbsAlone.find((name) => noun?.commands.some((command) => command.name() === name));
  if (first === undefined || verb === undefined) return args;
  if (second === undefined) return [first, verb];
  const isOption = second.startsWith("-") && !["-h", "--help"].includes(second);
  return isOption ? [first, verb, second, ...rest] : args;
}
