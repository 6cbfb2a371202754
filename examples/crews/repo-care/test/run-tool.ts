/** Runs the crew's tools as the gate does, but outside the box: one process, JSON in, JSON out. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The crew's folder. */
export const crewFolder: string = join(import.meta.dirname, "..");

/** What came of one call. */
export interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** How a tool is called. */
export interface CallOptions {
  /** Bound by permission bits even when root runs the tests, who is not otherwise. */
  readonly bound?: boolean;
  /** Passes this process's own environment on. */
  readonly inherit?: boolean;
}

/** Calls a tool with the given arguments: JSON, or a text to be passed as it is. */
export function callTool(name: string, given: unknown, { bound = false, inherit = false }: CallOptions = {}): Ran {
  const program = [process.execPath, join(crewFolder, "tools/repository", `${name}.ts`)];
  const bind = bound && process.getuid?.() === 0 ? ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] : [];
  const [command = "", ...argv] = [...bind, ...program];
  const done = spawnSync(command, argv, {
    input: typeof given === "string" ? given : JSON.stringify(given),
    env: inherit ? process.env : { PATH: process.env["PATH"] ?? "" },
    encoding: "utf8",
    maxBuffer: 64 * 1024 ** 2,
  });
  if (done.error !== undefined) throw done.error;
  return { code: done.status, stdout: done.stdout, stderr: done.stderr };
}

/** Calls a tool that must succeed, and gives its result. */
export function resultOf<Result>(name: string, given: unknown, options: CallOptions = {}): Result {
  const ran = callTool(name, given, options);
  if (ran.code !== 0) throw new Error(`${name} ended with ${ran.code}: ${ran.stderr}`);
  return JSON.parse(ran.stdout) as Result;
}

/** Reads a JSON file that a tool wrote. */
export function readJson<Content>(path: string): Content {
  return JSON.parse(readFileSync(path, "utf8")) as Content;
}
