/**
 * What a command is given: streams, environment, and the signals that end it.
 */
import type { Readable, Writable } from "node:stream";

/** Exit code when everything was done. */
export const exitDone = 0;
/** Exit code when something was refused or failed. */
export const exitFailed = 1;
/** Exit code when the command line makes no sense. */
export const exitUsage = 2;

/** The world as one command sees it; passed in, so that a command can be called without a process of its own. */
export interface CommandContext {
  readonly stdin: Readable;
  readonly stdinIsTerminal: boolean;
  readonly stdout: Writable;
  readonly stdoutIsTerminal: boolean;
  readonly stderr: Writable;
  readonly stderrIsTerminal: boolean;
  /** Columns of the terminal behind stdout; 80 when there is none. */
  readonly columns: () => number;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute folder that the command was called in. */
  readonly cwd: string;
  /** Aborted on SIGINT or SIGTERM. */
  readonly interrupted: AbortSignal;
}

/**
 * Writes one line and waits until the stream took it, so that a process may end right after.
 *
 * @param stream - where to
 * @param line - without line feed
 */
export async function writeLine(stream: Writable, line: string): Promise<void> {
  await writeAll(stream, `${line}\n`);
}

/**
 * Writes and waits until the stream took it.
 *
 * A reader that went away (`toka log | head`) is no failure: what is left to write has no reader.
 *
 * @param stream - where to
 * @param data - text or bytes
 */
export async function writeAll(stream: Writable, data: string | Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    stream.write(data, (error) => {
      if (error === null || error === undefined || ("code" in error && error.code === "EPIPE")) resolve();
      else reject(error);
    });
  });
}
