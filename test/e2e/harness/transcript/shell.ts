/**
 * A shell that a document is run in from its first command to its last: variables and the folder stay.
 */
import { spawn } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What one step came to. */
export interface StepOutcome {
  readonly code: number;
  /** Standard output and standard error as they came. */
  readonly printed: string;
}

/** The shell. */
export interface Shell {
  /** Runs a step; with `strictly`, it ends at the first command that fails. */
  readonly run: (command: string, options: { readonly strictly: boolean }) => Promise<StepOutcome>;
  /** Ends the shell and everything that it started. */
  readonly close: () => Promise<void>;
}

/** A command that stays until Ctrl-C: the document goes on in another terminal. */
const stays = /^toka (?:up|serve|daemon)\b(?!.*--(?:once|help)).*$/u;
/** What such a command says when it is ready. */
const ready = "until Ctrl-C";

/**
 * Starts a shell.
 *
 * @param options - the folder to start in, one to keep the steps in, and the whole environment
 * @returns the shell
 */
export function openShell(options: {
  readonly cwd: string;
  readonly steps: string;
  readonly env: Readonly<Record<string, string>>;
}): Shell {
  mkdirSync(options.steps, { recursive: true });
  const bash = spawn("bash", ["--noprofile", "--norc"], {
    cwd: options.cwd,
    env: options.env,
    stdio: ["pipe", "pipe", "pipe"],
    detached: true,
  });
  let said = "";
  let ended = false;
  const listeners = new Set<() => void>();
  const hear = (data: Buffer): void => {
    said += data.toString("utf8");
    for (const listener of listeners) listener();
  };
  bash.stdout.on("data", hear);
  bash.stderr.on("data", hear);
  bash.stdin.on("error", () => {});
  const gone = new Promise<void>((resolve) => {
    bash.once("close", () => {
      ended = true;
      for (const listener of listeners) listener();
      resolve();
    });
  });
  bash.stdin.write("exec 2>&1\n");
  let count = 0;
  return {
    run: async (command, { strictly }) => {
      count += 1;
      const file = join(options.steps, `${count}.sh`);
      const mark = `\u0001${count}\u0001`;
      const behind = stays.test(command);
      writeFileSync(file, behind ? `exec ${command}\n` : strictly ? `set -e\n${command}\nset +e\n` : `${command}\n`);
      const run = behind ? staying(file) : `. '${file}' </dev/null`;
      said = "";
      return new Promise<StepOutcome>((resolve) => {
        const look = (): void => {
          const match = new RegExp(`\n?${mark}(\\d+)\n`, "u").exec(said);
          if (match === null && !ended) return;
          listeners.delete(look);
          const printed = match === null ? said : said.slice(0, match.index);
          // A shell that ended by itself was ended by the command that failed.
          resolve({ code: match === null ? (bash.exitCode ?? 1) : Number(match[1]), printed });
        };
        listeners.add(look);
        bash.stdin.write(`${run}\nprintf '\\n\\001${count}\\001%s\\n' "$?"\n`);
        look();
      });
    },
    close: async () => {
      if (bash.pid !== undefined) {
        try {
          process.kill(-bash.pid, "SIGKILL");
        } catch {
          // Nobody is left.
        }
      }
      await gone;
    },
  };
}

/** Puts a command behind the others until it says that it is ready; one that ends before that has failed. One such command at a time. */
function staying(file: string): string {
  return [
    `if [ -n "$staying" ]; then kill "$staying"; wait "$staying"; fi`,
    `: > '${file}.out'`,
    `( . '${file}' ) >'${file}.out' 2>&1 </dev/null & staying=$!`,
    `tail -n +1 -f --pid="$staying" '${file}.out' | grep -q -m 1 '${ready}'`,
    `cat '${file}.out'; kill -0 "$staying"`,
  ].join("\n");
}
