/**
 * The commands that there are, as their own help tells it, and whether what a document mentions is among them.
 */
import { join } from "node:path";
import { PassThrough } from "node:stream";

import { root } from "../scene.ts";

/** The command line in this process: its help alone is asked for, some sixty times. */
interface CommandLine {
  readonly runCommandLine: (args: readonly string[], context: object) => Promise<number>;
}

/** One command, or a noun that holds some. */
export interface CommandHelp {
  /** Such as `agent list`; empty for the program itself. */
  readonly path: string;
  readonly options: ReadonlySet<string>;
  readonly commands: readonly string[];
  /** Command lines that end its help. */
  readonly examples: readonly string[];
}

/**
 * Reads the help of every command.
 *
 * @returns the commands by path
 */
export async function readCommands(): Promise<ReadonlyMap<string, CommandHelp>> {
  const found = new Map<string, CommandHelp>();
  const visit = async (path: string): Promise<void> => {
    const help = parseHelp(path, await helpOf(path));
    found.set(path, help);
    for (const name of help.commands) await visit(`${path} ${name}`.trim());
  };
  await visit("");
  return found;
}

async function helpOf(path: string): Promise<string> {
  const { runCommandLine } = (await import(join(root, "packages/cli/src/program.ts"))) as CommandLine;
  const stdout = new PassThrough();
  const stdin = new PassThrough();
  let text = "";
  stdout.on("data", (data: Buffer) => (text += data.toString("utf8")));
  const code = await runCommandLine([...path.split(" ").filter((word) => word !== ""), "--help"], {
    ...{ stdin, stdinIsTerminal: false, stdout, stdoutIsTerminal: false, stderr: stdout, stderrIsTerminal: false },
    columns: () => 200,
    env: {},
    cwd: "/",
    interrupted: new AbortController().signal,
  });
  if (code !== 0) throw new Error(`toka ${path} --help ended with ${code}: ${text}`);
  return text;
}

function parseHelp(path: string, text: string): CommandHelp {
  const options = new Set(["-h", "--help"]);
  const commands: string[] = [];
  const examples: string[] = [];
  let section = "";
  for (const line of text.split("\n")) {
    section = /^(\S.*):$/u.exec(line)?.[1] ?? section;
    const [, entry = ""] = /^ {2}(\S.*)$/u.exec(line) ?? [];
    if (entry === "") continue;
    if (section === "Example") examples.push(entry);
    else if (entry.startsWith("-"))
      for (const word of entry.split(/[ ,]+/u)) if (/^--?[a-z]/u.test(word)) options.add(word);
    if (section === "Commands" || section === "Names of the original") {
      const [names = ""] = entry.split(" ");
      commands.push(...names.split("|").filter((name) => name !== "help"));
    }
  }
  return { path, options, commands: [...new Set(commands)], examples };
}

/** What the launcher itself takes. */
const launcher = ["test", "soak", "bench", "help"];
/** Ends one command of a line. */
const stops = /^(?:--|&&|\|\||\||;|>|>>|<|&|#|—|…)$/u;

/**
 * Looks for commands and options in a text that there are not.
 *
 * @param text - Markdown, with command lines in back quotes
 * @param known - the commands that there are
 * @returns problems, each with its line
 */
export function unknownIn(text: string, known: ReadonlyMap<string, CommandHelp>): readonly string[] {
  return text.split("\n").flatMap((line, index) =>
    [...line.matchAll(/`(?:\.\/|\/path\/to\/)?toka ([^`]+)`/gu)].flatMap(([, words = ""]) => {
      const problem = unknownAmong(words.replaceAll(String.raw`\|`, "|").split(/\s+/u), known);
      return problem === undefined ? [] : [`${index + 1}: toka ${words}: ${problem}`];
    }),
  );
}

function unknownAmong(words: readonly string[], known: ReadonlyMap<string, CommandHelp>): string | undefined {
  let at: readonly CommandHelp[] = [known.get("")].flatMap((command) => command ?? []);
  for (const word of words) {
    if (stops.test(word)) return undefined;
    const option = /^\[?(--?[a-z][a-z-]*)/u.exec(word)?.[1];
    if (option !== undefined) {
      if (!at.some(({ options }) => options.has(option))) return `there is no option ${option}`;
      continue;
    }
    if (at.every(({ commands }) => commands.length === 0)) continue;
    const names = word.replaceAll(/[.,;:)\]]+$/gu, "").split("|");
    const path = at[0]?.path ?? "";
    // A word in capitals stands for one that the reader fills in.
    if (names.every((name) => /^[A-Z….]+$/u.test(name))) return undefined;
    if (path === "" && names.every((name) => launcher.includes(name))) return undefined;
    const unknown = names.find((name) => !at.some(({ commands }) => commands.includes(name)));
    if (unknown !== undefined) return `there is no command ${`${path} ${unknown}`.trim()}`;
    at = names.flatMap((name) => known.get(`${path} ${name}`.trim()) ?? []);
  }
  return undefined;
}
