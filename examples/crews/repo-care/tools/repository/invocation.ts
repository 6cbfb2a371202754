/**
 * How a tool of this crew is called: one JSON object on stdin, one JSON value on stdout, diagnostics on stderr and a
 * non-zero exit when it failed. A tool's folder is its whole program (it is what the box shows and what the digest
 * covers), so each tool has its own copy of this file; a test keeps the copies equal.
 */
import { readFileSync } from "node:fs";
import { isAbsolute, normalize } from "node:path";

/** Why a tool cannot do what it was asked; the message is for people. */
export class ToolProblem extends Error {
  override readonly name = "ToolProblem";
}

/** The arguments of one call, by name. */
export type Arguments = Readonly<Record<string, unknown>>;

/**
 * Runs a tool: reads its arguments, writes its result, and turns what goes wrong into one line and exit code 1.
 * @returns nothing; the process's exit code is set
 */
export async function runTool(perform: (given: Arguments) => unknown): Promise<void> {
  try {
    const result: unknown = await perform(readArguments());
    process.stdout.write(`${JSON.stringify(result)}\n`);
  } catch (problem) {
    const known = problem instanceof ToolProblem || (problem instanceof Error && "syscall" in problem);
    process.stderr.write(
      known
        ? `${problem.message}\n`
        : `${problem instanceof Error ? (problem.stack ?? problem.message) : String(problem)}\n`,
    );
    process.exitCode = 1;
  }
}

/**
 * Takes an absolute path from the arguments.
 * @returns the path, normalised, without a slash at its end
 * @throws ToolProblem when it is absent or not absolute
 */
export function pathArgument(given: Arguments, name: string): string {
  const value = given[name];
  if (typeof value !== "string" || !isAbsolute(value) || value.includes("\0")) {
    throw new ToolProblem(`Cannot use the argument "${name}": found ${shown(value)}, wanted an absolute path`);
  }
  const path = normalize(value);
  return path.length > 1 && path.endsWith("/") ? path.slice(0, -1) : path;
}

function readArguments(): Arguments {
  const text = readFileSync(0, "utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (problem) {
    throw new ToolProblem("Cannot read the arguments: what stands on stdin is not JSON", { cause: problem });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ToolProblem(`Cannot read the arguments: found ${shown(value)} on stdin, wanted a JSON object`);
  }
  return Object.fromEntries(Object.entries(value));
}

function shown(value: unknown): string {
  return JSON.stringify(value)?.slice(0, 200) ?? "nothing";
}
