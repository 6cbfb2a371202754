/**
 * `toka exec`: one program in the sandbox, as an effect with its entries.
 */
import { closeSync, openSync, readSync } from "node:fs";
import { resolve } from "node:path";

import {
  askVault,
  type ExecOutcome,
  type ExecRequest,
  permissionsFrom,
  refusalInWords,
  stdinBytesMax,
  type VaultApi,
} from "@toka/service";

import { type CommandContext, writeAll, writeLine } from "../context.ts";
import { showOnOneLine, showSafely } from "../output/plain.ts";
import { UsageError } from "../usage-error.ts";
import { tellLearnt } from "./learnt.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka exec` takes. */
export interface ExecOptions extends PlaceOptions {
  readonly argv: readonly string[];
  readonly grant?: string;
  /** Seconds. */
  readonly timeout?: number;
  readonly stdin: boolean;
  readonly learn: boolean;
  /** File that the learnt grant is written to, too. */
  readonly learnTo?: string;
}

/** Bytes of a file with a grant: far more than 255 permissions of the longest paths that people write. */
const grantBytesMax = 1_048_576;

/** Exit code when Toka refused or failed; the codes are those of env(1), nohup(1) and docker(1). */
const exitRefused = 125;
const exitCannotStart = 126;
const exitNotFound = 127;

const startMessages: Readonly<Record<number, string>> = {
  [exitCannotStart]: "the program cannot be started in the box",
  [exitNotFound]: "there is no such program in the box",
};

/**
 * Runs a program and passes its output and exit code through.
 *
 * @param options - as given on the command line
 * @param context - streams, environment and signals
 * @returns the program's exit code, or 125, 126, 127
 * @throws a usage error when the grant cannot be read
 */
export async function runExec(options: ExecOptions, context: CommandContext): Promise<number> {
  const permissions = options.grant === undefined ? null : await readGrant(options.grant, context);
  try {
    const places = placesOf(options, context);
    const stdin = options.stdin && !context.stdinIsTerminal ? await readStdin(context) : new Uint8Array();
    const request: ExecRequest = {
      argv: options.argv,
      workspace: places.workspace,
      cwd: within(context.cwd, places.workspace) ? context.cwd : places.workspace,
      stdin: Buffer.from(stdin).toString("base64"),
      permissions,
      timeoutMs: options.timeout === undefined ? null : Math.ceil(options.timeout * 1000),
      learn: options.learn || options.learnTo !== undefined,
    };
    const use = async (api: VaultApi): Promise<number> => {
      const output = outputTo(context);
      const outcome = await api.exec(request, { signal: context.interrupted, onOutput: output.write });
      await output.drained();
      const code = await tellOutcome(outcome, { context, silent: output.isSilent() });
      if (request.learn === true) await tellLearnt(outcome, { context, to: options.learnTo });
      return code;
    };
    return await askVault(places, { ...asking(context, "run"), use });
  } catch (error) {
    await tellError(context, error);
    return exitRefused;
  }
}

async function tellError(context: CommandContext, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  // Whoever hangs up on purpose is not told that the line is dead.
  const told = context.interrupted.aborted ? "interrupted: the program was asked to end" : showSafely(message);
  await writeLine(context.stderr, `toka: ${told}`);
}

function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder === "/" ? "/" : `${folder}/`);
}

async function readGrant(grant: string, context: CommandContext): Promise<readonly string[]> {
  const text = grant.trimStart().startsWith("[") ? grant : readGrantFile(resolve(context.cwd, grant));
  const permissions = await permissionsFrom(text);
  if ("problem" in permissions) throw new UsageError(`Cannot read the grant: ${permissions.problem}`);
  return permissions.permissions;
}

function readGrantFile(path: string): string {
  let bytes: Uint8Array;
  try {
    bytes = readBounded(path, grantBytesMax + 1);
  } catch {
    throw new UsageError(`Cannot read the grant: ${path} is neither a readable file nor a JSON list`);
  }
  if (bytes.byteLength > grantBytesMax) {
    throw new UsageError(`Cannot read the grant: ${path} has more than ${grantBytesMax} bytes`);
  }
  return Buffer.from(bytes).toString("utf8");
}

/** A grant may come through a pipe, whose size nobody knows, or by mistake from a device that has no end. */
function readBounded(path: string, bytesMax: number): Uint8Array {
  const bytes = new Uint8Array(bytesMax);
  const file = openSync(path, "r");
  try {
    let filled = 0;
    while (filled < bytesMax) {
      const count = readSync(file, bytes, filled, bytesMax - filled, null);
      if (count === 0) break;
      filled += count;
    }
    return bytes.subarray(0, filled);
  } finally {
    closeSync(file);
  }
}

async function readStdin(context: CommandContext): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of context.stdin) {
    const bytes: Uint8Array = Buffer.from(chunk);
    size += bytes.length;
    if (size > stdinBytesMax)
      throw new Error(`Cannot pass standard input: more than ${stdinBytesMax} bytes were given`);
    chunks.push(bytes);
    if (context.interrupted.aborted) break;
  }
  return Buffer.concat(chunks);
}

/** Bytes pass as they are into files and pipes; a terminal is shown no escapes of a guest. */
function outputTo(context: CommandContext): {
  readonly write: (stream: "stdout" | "stderr", chunk: Uint8Array) => void;
  readonly drained: () => Promise<void>;
  /** @returns true when the program wrote nothing to its standard error */
  readonly isSilent: () => boolean;
} {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const terminal = { stdout: context.stdoutIsTerminal, stderr: context.stderrIsTerminal };
  let last: Promise<void> = Promise.resolve();
  let silent = true;
  return {
    write: (stream, chunk) => {
      const data = terminal[stream]
        ? showSafely(decoders[stream].decode(chunk, { stream: true }).replaceAll("\r\n", "\n"))
        : chunk;
      if (stream === "stderr") silent = false;
      last = Promise.all([last, writeAll(context[stream], data)]).then(() => {});
    },
    drained: async () => last,
    isSilent: () => silent,
  };
}

async function tellOutcome(
  outcome: ExecOutcome,
  { context, silent }: { readonly context: CommandContext; readonly silent: boolean },
): Promise<number> {
  switch (outcome.type) {
    case "exited": {
      // A program that itself ends with one of these codes has usually said why.
      const message = silent ? startMessages[outcome.code] : undefined;
      if (message !== undefined) await writeLine(context.stderr, `toka: ${message}`);
      return outcome.code;
    }
    case "refused": {
      const where =
        outcome.position === null ? "" : ` (entry ${outcome.position}, toka why ${outcome.position} tells more)`;
      const why = showOnOneLine(refusalInWords(outcome.refusal));
      await writeLine(context.stderr, `toka: Cannot run the program: refused, ${why}${where}`);
      return exitRefused;
    }
    case "stopped":
      await writeLine(context.stderr, `toka: ${outcome.outcome}: ${showOnOneLine(outcome.message)}`);
      return exitRefused;
  }
}
