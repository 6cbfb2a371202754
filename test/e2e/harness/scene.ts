/**
 * A scene of its own for each test: a workspace, a home that knows no vaults, and real `toka` processes in them.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The checkout under test. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), "../../..");

/** What became of one process. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process under way. */
export interface Running {
  readonly pid: number;
  readonly stdin: NodeJS.WritableStream;
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Resolves when the process is gone. */
  readonly ended: Promise<Ended>;
  /** Called with each whole line of stdout, those that came before the call too. */
  readonly onLine: (listener: (line: string) => void) => void;
  /** Resolves with all of stdout and stderr so far once it contains the text. */
  readonly says: (text: string) => Promise<string>;
}

/** How a process is started. */
export interface StartOptions {
  readonly cwd?: string;
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  /** Leaves stdin open. */
  readonly keepStdin?: boolean;
  /** A program and arguments that start the command in its place, such as setpriv. */
  readonly through?: readonly string[];
}

/** Folders of one test. */
export interface Scene {
  readonly dir: string;
  readonly workspace: string;
  readonly vault: string;
  readonly home: string;
  /** Starts `toka` with these arguments in the workspace. */
  readonly start: (args: readonly string[], options?: StartOptions) => Running;
  /** Runs `toka` to its end. */
  readonly toka: (args: readonly string[], options?: StartOptions) => Promise<Ended>;
  /** Ends every process that is still there and removes the folders. */
  readonly close: () => Promise<void>;
}

/**
 * Makes a scene.
 *
 * @returns folders, empty
 */
export function createScene(): Scene {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), "toka-e2e-")));
  // A process of another user must reach its workspace through this folder.
  chmodSync(dir, 0o755);
  const workspace = join(dir, "workspace");
  const home = join(dir, "home");
  mkdirSync(workspace);
  mkdirSync(home);
  const processes = new Set<Running>();
  const start = (args: readonly string[], options: StartOptions = {}): Running => {
    const running = startProcess(tokaCommand(args, options), {
      cwd: options.cwd ?? workspace,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: home,
        TOKA_HOME: join(home, "toka"),
        LANG: "C.UTF-8",
        // As the launcher has it; a process of another user may read it.
        NODE_COMPILE_CACHE: join(root, "node_modules/.cache/compile"),
        ...options.env,
      },
      ...(options.stdin === undefined ? {} : { stdin: options.stdin }),
      keepStdin: options.keepStdin ?? false,
    });
    processes.add(running);
    void running.ended.then(() => processes.delete(running));
    return running;
  };
  return {
    dir,
    workspace,
    vault: join(workspace, ".toka"),
    home,
    start,
    toka: async (args, options) => start(args, options).ended,
    close: async () => {
      for (const running of processes) running.kill("SIGKILL");
      await Promise.all([...processes].map(async (running) => running.ended));
      rmSync(dir, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function tokaCommand(args: readonly string[], options: StartOptions): readonly string[] {
  const node = [process.execPath, "--conditions=toka-source", "--disable-warning=ExperimentalWarning"];
  return [...(options.through ?? []), ...node, join(root, "packages/cli/src/main.ts"), ...args];
}

/**
 * Starts a process and gathers what it says.
 *
 * @param command - program and arguments
 * @param options - folder, whole environment, and what it reads
 * @returns the process
 */
export function startProcess(
  command: readonly string[],
  options: {
    readonly cwd: string;
    readonly env: Readonly<Record<string, string>>;
    readonly stdin?: string | Uint8Array;
    readonly keepStdin: boolean;
  },
): Running {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: options.cwd, env: options.env, stdio: ["pipe", "pipe", "pipe"] });
  child.stdin.on("error", () => {});
  if (!options.keepStdin) child.stdin.end(options.stdin ?? "");
  const said = gather(child);
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) => resolve({ code, signal, stdout: said.stdout(), stderr: said.stderr() }));
  });
  return {
    pid: child.pid ?? -1,
    stdin: child.stdin,
    kill: (signal) => void child.kill(signal),
    ended,
    onLine: (listener) => {
      let told = 0;
      const tell = (): void => {
        const lines = said.stdout().split("\n").slice(0, -1);
        for (const line of lines.slice(told)) listener(line);
        told = lines.length;
      };
      child.stdout.on("data", tell);
      tell();
    },
    says: async (text) =>
      new Promise<string>((resolve, reject) => {
        const look = (): void => {
          const all = said.stdout() + said.stderr();
          if (all.includes(text)) resolve(all);
        };
        child.stdout.on("data", look);
        child.stderr.on("data", look);
        void ended.then((end) =>
          reject(
            new Error(
              `The process ended with ${end.code ?? end.signal} and never said ${text}: ${end.stdout}${end.stderr}`,
            ),
          ),
        );
        look();
      }),
  };
}

function gather(child: ChildProcess): { readonly stdout: () => string; readonly stderr: () => string } {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout?.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr?.on("data", (chunk: Buffer) => stderr.push(chunk));
  return {
    stdout: () => Buffer.concat(stdout).toString("utf8"),
    stderr: () => Buffer.concat(stderr).toString("utf8"),
  };
}
