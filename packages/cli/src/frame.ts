/**
 * What every command of the command line is built from: the options about a vault, its example, and how it is run.
 */
import { type Command, InvalidArgumentError } from "commander";

import { type CommandContext, writeLine } from "./context.ts";
import { showAsJson } from "./output/plain.ts";
import { UsageError } from "./usage-error.ts";

/** What a command line is run with, and where its exit code goes. */
export interface Frame {
  readonly context: CommandContext;
  readonly outcome: { code: number };
}

/**
 * Writes the lines that end a command's help.
 *
 * @param lines - command lines that can be run as they stand
 * @returns text for `addHelpText`
 */
export function example(...lines: readonly string[]): string {
  return `\nExample:\n${lines.map((line) => `  ${line}`).join("\n")}\n`;
}

/**
 * Adds a command about a vault.
 *
 * @param parent - the program, or a noun
 * @param name - of the command
 * @returns the command, with the options that every such command takes
 */
export function vaultCommand(parent: Command, name: string): Command {
  const whole = parent.parent === null ? name : `${parent.name()} ${name}`;
  return parent
    .command(name)
    .showHelpAfterError(`(toka ${whole} --help says how it is called)`)
    .option("--workspace <dir>", "folder that the vault belongs to (default: the folder you are in)")
    .option("--vault <dir>", "vault folder (default: .toka in the workspace)");
}

/**
 * Adds a command about a vault that can answer with one JSON object.
 *
 * @param parent - the program, or a noun
 * @param name - of the command
 * @returns the command, with `--json`
 */
export function jsonCommand(parent: Command, name: string): Command {
  return vaultCommand(parent, name).option("--json", "print one JSON object", false);
}

/**
 * Runs a command. With `--json`, a failure is one object on standard output, too, so that a program never waits for an answer that
 * stands nowhere.
 *
 * @param frame - streams, and where the exit code goes
 * @param options - of the command
 * @param run - gives the exit code
 * @throws what `run` throws
 */
export async function perform<Options extends object>(
  frame: Frame,
  options: Options,
  run: (options: Options, context: CommandContext) => Promise<number>,
): Promise<void> {
  const { context, outcome } = frame;
  try {
    outcome.code = await run(options, context);
  } catch (error) {
    if (!(error instanceof UsageError) && Reflect.get(options, "json") === true) {
      await writeLine(context.stdout, showAsJson({ ok: false, failure: failureIn(error) }));
    }
    throw error;
  }
}

function failureIn(error: unknown): { readonly code: string; readonly message: string } {
  const code: unknown = typeof error === "object" && error !== null ? Reflect.get(error, "code") : undefined;
  return {
    code: typeof code === "string" ? code : "fault",
    message: error instanceof Error ? error.message : String(error),
  };
}

/**
 * Reads a position of the log.
 *
 * @param text - as given
 * @returns a whole number
 * @throws InvalidArgumentError when it is none
 */
export function parsePosition(text: string): number {
  const position = Number(text);
  if (!/^\d+$/u.test(text) || !Number.isSafeInteger(position))
    throw new InvalidArgumentError(`Found ${text}, wanted a whole number`);
  return position;
}

/**
 * Reads a moment.
 *
 * @param text - as given
 * @returns ms since 1970
 * @throws InvalidArgumentError when it is none
 */
export function parseTime(text: string): number {
  const timeMs = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}/u.test(text) || Number.isNaN(timeMs) || timeMs < 0)
    throw new InvalidArgumentError(`Found ${text}, wanted a time such as 2026-11-25T14:00:00Z`);
  return timeMs;
}

/**
 * Reads a port.
 *
 * @param text - as given
 * @returns 0 for any, or the port
 * @throws InvalidArgumentError when it is none
 */
export function parsePort(text: string): number {
  if (/^\d{1,5}$/u.test(text) && Number(text) <= 65_535) return Number(text);
  throw new InvalidArgumentError(`Found ${text}, wanted a port from 1 to 65535, or 0 for a free one`);
}

/**
 * Reads a number of seconds.
 *
 * @param text - as given
 * @returns seconds, above 0
 * @throws InvalidArgumentError when it is none
 */
export function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (!/^\d+(\.\d+)?$/u.test(text) || seconds <= 0)
    throw new InvalidArgumentError(`Found ${text}, wanted a number of seconds above 0`);
  return seconds;
}

/**
 * Adds the options by which a process that serves a vault backs it up again and again.
 *
 * @param command - such as `serve`
 * @returns the command
 */
export function withBackup(command: Command): Command {
  return command
    .option("--backup <dir>", "back the vault up to this folder, now and then again")
    .option("--backup-every <span>", "how often, such as 1h (default: 24h)");
}
