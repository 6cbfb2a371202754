/**
 * Binds the command to this process: arguments, streams, signals and the exit code.
 */
import { exitFailed, type CommandContext } from "./context.ts";
import { runCommandLine } from "./program.ts";

/**
 * Runs the command line of this process and sets its exit code.
 *
 * The first SIGINT or SIGTERM asks the command to end in order; a second one ends the process at once, since the log is
 * durable at every position and nothing is lost by that.
 */
export async function runProcess(): Promise<void> {
  const controller = new AbortController();
  let signals = 0;
  const interrupt = (): void => {
    signals += 1;
    if (signals > 1) process.exit(130);
    controller.abort();
  };
  process.on("SIGINT", interrupt);
  process.on("SIGTERM", interrupt);
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      // A reader that went away is told apart from a disk that is full.
      if (error.code !== "EPIPE") process.exit(exitFailed);
      controller.abort();
    });
  }
  const context: CommandContext = {
    stdin: process.stdin,
    stdinIsTerminal: process.stdin.isTTY,
    stdout: process.stdout,
    stdoutIsTerminal: process.stdout.isTTY,
    stderr: process.stderr,
    stderrIsTerminal: process.stderr.isTTY,
    columns: () => process.stdout.columns ?? 80,
    env: process.env,
    cwd: process.cwd(),
    interrupted: controller.signal,
  };
  const code = await runCommandLine(process.argv.slice(2), context);
  // Handles of a library must not keep a finished command alive, and everything written was taken by its stream.
  process.exit(code);
}
