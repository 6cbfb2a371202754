/**
 * Alerts to a program of the operator's: started for each, without a shell, with the alert as one line of JSON on its standard input.
 *
 * Nothing of an alert becomes an argument, so that no title can be an option or a command. The program gets a few variables of this
 * process' environment and no other: secrets may stand there.
 */
import { spawn } from "node:child_process";

import { messageOf } from "../failure.ts";
import type { Alert } from "./alert.ts";
import type { AlertSink, Delivery } from "./sink.ts";

/** What a program needs to find others, to write in the user's language, and to show something on the user's desktop. */
const variables: readonly string[] = [
  ...["PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "TMPDIR"],
  ...["DISPLAY", "WAYLAND_DISPLAY", "XAUTHORITY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"],
];

/** With this exit code a program says that this very alert will never do. Source: sysexits.h, EX_DATAERR. */
const exitRefused = 65;

/**
 * Makes a sink that runs a program.
 *
 * @param options - the sink's name, the program with its arguments, and how long it may take
 * @returns the sink
 */
export function createCommand(options: {
  readonly name: string;
  readonly argv: readonly string[];
  readonly timeoutMs: number;
}): AlertSink {
  const { name } = options;
  return { name, deliver: async (alert, { signal }) => run(alert, { ...options, signal }) };
}

function run(
  alert: Alert,
  options: { readonly argv: readonly string[]; readonly timeoutMs: number; readonly signal: AbortSignal },
): Promise<Delivery> {
  const { argv, timeoutMs, signal } = options;
  const [program = "", ...rest] = argv;
  return new Promise((resolve) => {
    if (signal.aborted) return resolve({ type: "failed", reason: "it was stopped" });
    const child = spawn(program, rest, {
      cwd: "/",
      env: environment(),
      stdio: ["pipe", "ignore", "ignore"],
      // A group of its own, so that what it starts ends with it.
      detached: true,
    });
    let late = false;
    const stop = (): void => killGroup(child.pid);
    const timer = setTimeout(() => {
      late = true;
      stop();
    }, timeoutMs);
    signal.addEventListener("abort", stop, { once: true });
    const settle = (delivery: Delivery): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      resolve(delivery);
    };
    child.once("error", (error) => settle({ type: "failed", reason: messageOf(error) }));
    child.once("exit", (code, killed) => {
      if (late) return settle({ type: "failed", reason: `it took more than ${timeoutMs} ms` });
      settle(ended(code, killed));
    });
    // A program that reads nothing has its reasons; its exit code says what came of it.
    child.stdin.on("error", () => {});
    child.stdin.end(`${JSON.stringify(alert)}\n`);
  });
}

function ended(code: number | null, killed: string | null): Delivery {
  if (code === 0) return { type: "delivered" };
  if (code === exitRefused) return { type: "refused", reason: `it exited with ${exitRefused}` };
  return { type: "failed", reason: code === null ? `${killed ?? "a signal"} ended it` : `it exited with ${code}` };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended a moment ago.
  }
}

function environment(): NodeJS.ProcessEnv {
  return Object.fromEntries(
    variables.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]])),
  );
}
