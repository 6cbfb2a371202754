/**
 * The command line: which commands exist, what they take, and what they answer to a wrong call.
 */
import { Command, CommanderError } from "commander";

import type { LogOptions } from "./commands/log.ts";
import type { UpOptions } from "./commands/up.ts";
import { type CommandContext, exitDone, exitFailed, exitUsage, writeLine } from "./context.ts";
import {
  example,
  type Frame,
  jsonCommand,
  parsePort,
  parsePosition,
  parseSeconds,
  parseTime,
  perform,
  vaultCommand,
  withBackup,
} from "./frame.ts";
import { addAgent } from "./nouns/agent.ts";
import { addBudget } from "./nouns/budget.ts";
import { addApproval, addMessage, addSignals } from "./nouns/exchange.ts";
import { addFamily } from "./nouns/family.ts";
import { addGrant, addPrincipal } from "./nouns/grant.ts";
import { addErase } from "./nouns/erase.ts";
import { addKeeping } from "./nouns/keeping.ts";
import { addLease } from "./nouns/lease.ts";
import { withVerb } from "./nouns/noun.ts";
import { addOriginalNames } from "./nouns/original.ts";
import { addOwed } from "./nouns/owed.ts";
import { addPolicy } from "./nouns/policy.ts";
import { addProof } from "./nouns/proof.ts";
import { addRun } from "./nouns/run.ts";
import { addSession } from "./nouns/session.ts";
import { addState } from "./nouns/state.ts";
import { addTask } from "./nouns/task.ts";
import { addSecret } from "./nouns/secret.ts";
import { addToken } from "./nouns/token.ts";
import { addTool } from "./nouns/tool.ts";
import { addUndo } from "./nouns/undo.ts";
import { showSafely } from "./output/plain.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Reads a command line and runs the command in it.
 *
 * @param args - without the program's own name
 * @param context - streams, environment and signals
 * @returns the exit code: 0 done, 1 refused or failed, 2 usage; `exec` passes its program's own
 */
export async function runCommandLine(args: readonly string[], context: CommandContext): Promise<number> {
  const outcome = { code: exitDone };
  const program = buildProgram({ context, outcome });
  try {
    await program.parseAsync([...withVerb(args, program)], { from: "user" });
    return outcome.code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? exitDone : exitUsage;
    if (error instanceof UsageError) {
      await writeLine(context.stderr, `toka: ${showSafely(error.message)}`);
      return exitUsage;
    }
    await writeLine(context.stderr, `toka: ${describe(error)}`);
    return exitFailed;
  }
}

/** A failure is told in its own words; anything else is a bug, and its stack is what a report needs. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return showSafely(String(error));
  const told = error.name === "Failure" || "syscall" in error;
  return showSafely(told ? error.message : (error.stack ?? error.message));
}

function buildProgram(frame: Frame): Command {
  const { context } = frame;
  const program = new Command("toka")
    .description(
      "Runs AI agents as an operating system runs programs: with an identity, a budget, narrow rights, and every step in a log",
    )
    .enablePositionalOptions()
    .showHelpAfterError("(toka --help lists the commands)")
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => context.stdout.write(text),
      writeErr: (text) => context.stderr.write(text),
      getOutHelpWidth: () => Math.min(100, context.columns()),
    });
  program.addHelpText("after", example("toka up --once   # run the crew repo-care over this repository, then exit"));
  addUp(program, frame);
  addReaders(program, frame);
  addProof(program, frame);
  addCheck(program, frame);
  addExec(program, frame);
  addDoctor(program, frame);
  const nouns = [addRun, addAgent, addTool, addTask, addSession, addGrant, addPrincipal, addBudget, addOwed, addState];
  const more = [
    addApproval,
    addPolicy,
    addFamily,
    addLease,
    addMessage,
    addSecret,
    addSignals,
    addToken,
    addUndo,
    addErase,
    addKeeping,
  ];
  for (const add of [...nouns, ...more, addOriginalNames]) add(program, frame);
  return program;
}

function addUp(program: Command, frame: Frame): void {
  withBackup(vaultCommand(program, "up"))
    .description("Open the vault, run a crew over the workspace, then serve the vault until Ctrl-C")
    .option("--crew <name|dir>", "crew that comes with Toka, or a crew folder (default: repo-care)")
    .option(
      "--port <port>",
      "listen on loopback at this port, for callers with a token; 0 takes a free one",
      parsePort,
      0,
    )
    .option("--no-port", "listen on the socket alone")
    .option("--alerts <file>", "where alerts go beside the terminal: commands and webhooks")
    .option("--once", "exit when the session is over: 0 when every objective is met and the log verifies", false)
    .option("--json", "print one JSON summary as the last line of stdout; progress goes to stderr", false)
    .addHelpText("after", example("toka up --once --workspace ~/src/project", "toka up --crew ./my-crew"))
    .action(async (options: UpOptions) => {
      const { runUp } = await import("./commands/up.ts");
      await perform(frame, options, runUp);
    });
}

function addReaders(program: Command, frame: Frame): void {
  jsonCommand(program, "status")
    .description("Show what lives in the vault: sessions, agents, budgets, effects owed")
    .addHelpText("after", example("toka status"))
    .action(async (options: { workspace?: string; vault?: string; json: boolean }) => {
      const { runStatus } = await import("./commands/status.ts");
      await perform(frame, options, runStatus);
    });
  vaultCommand(program, "log")
    .description(
      "Print the log, one entry a line: all of it, or what concerns an agent, a session, an operation, a cause, words",
    )
    .option("--after <position>", "start behind this position", parsePosition, 0)
    .option("--kind <operation>", "only this operation, such as effect.request, or an area, such as effect")
    .option("--agent <name|id>", "only what concerns this agent")
    .option("--session <id>", "only what concerns this session")
    .option("--caused-by <position>", "only what this entry led to, directly or by others", parsePosition)
    .option("--causes-of <position>", "only what led to this entry, directly or by others", parsePosition)
    .option("--text <words>", "only what has all these words in it or its contents")
    .option("--since <time>", "from this time on, such as 2026-11-25T14:00:00Z", parseTime)
    .option("--until <time>", "up to this time", parseTime)
    .option("--limit <count>", "so many at most; start the next page behind the last one's position", parsePosition)
    .option("--reader <name>", "go on behind what was printed to a reader of this name before")
    .option("--follow", "stay and print what comes", false)
    .option("--json", "print the stored bytes of each entry, which hash to its digest", false)
    .addHelpText(
      "after",
      example(
        "toka log --kind effect --agent curious",
        "toka log --json | tail -1",
        "toka log --causes-of 42",
        'toka log --text "report written"',
        "toka log --reader my-tool --json",
        "toka log --since 2026-01-01T00:00:00Z --limit 100",
      ),
    )
    .action(async (options: LogOptions) => {
      const { runLog } = await import("./commands/log.ts");
      // Its lines are stored bytes and nothing else, so that a failure stands on standard error alone.
      frame.outcome.code = await runLog(options, frame.context);
    });
  jsonCommand(program, "why")
    .description("Explain one entry: who asked, under which grants and budgets, and why it came out so")
    .argument("<position>", "position of the entry in the log", parsePosition)
    .addHelpText("after", example("toka why 42"))
    .action(async (position: number, options: { workspace?: string; vault?: string; json: boolean }) => {
      const { runWhy } = await import("./commands/why.ts");
      await perform(frame, { ...options, position }, runWhy);
    });
}

function addCheck(program: Command, frame: Frame): void {
  vaultCommand(program, "check")
    .description("Check agent, crew, tool and policy files; problems are told with file:line:column")
    .argument("<file...>", "files, or crew folders")
    .addHelpText("after", example("toka check examples/crews/repo-care", "toka check my-crew/agents/writer.yaml"))
    .action(async (files: string[], options: { workspace?: string; vault?: string }) => {
      const { runCheck } = await import("./commands/check.ts");
      await perform(frame, { ...options, files }, runCheck);
    });
}

function addExec(program: Command, frame: Frame): void {
  vaultCommand(program, "exec")
    .description("Run one program in the sandbox, as an effect with its entries in the log")
    .usage("[options] -- <command> [args...]")
    .argument("<command...>", "the program and its arguments")
    .option(
      "--grant <file|json>",
      'permissions as a JSON list, such as ["fs.read:/srv/data/**"]; replaces reading and writing the workspace',
    )
    .option("--timeout <seconds>", "end the program after this time", parseSeconds)
    .option("--learn", "say afterwards, on standard error, the smallest grant for what the program did", false)
    .option("--learn-to <file>", "the same, and write that grant to a file that --grant takes")
    .option("-n, --no-stdin", "give the program an empty standard input")
    .passThroughOptions()
    .addHelpText(
      "after",
      example(
        "toka exec -- sh -c 'wc -l < README.md'",
        `toka exec --grant '["fs.read:/etc/hostname"]' -- cat /etc/hostname`,
        "toka exec --learn -- git log --oneline",
      ),
    )
    .addHelpText(
      "after",
      "Exit codes: the program's own; 125 refused or failed in Toka, 126 cannot start, 127 not found",
    )
    .action(
      async (
        argv: string[],
        options: {
          workspace?: string;
          vault?: string;
          grant?: string;
          timeout?: number;
          stdin: boolean;
          learn: boolean;
          learnTo?: string;
        },
      ) => {
        const { runExec } = await import("./commands/exec.ts");
        await perform(frame, { ...options, argv }, runExec);
      },
    );
}

function addDoctor(program: Command, frame: Frame): void {
  program
    .command("doctor")
    .description("Look at this machine: what Toka needs, what is there, and what to do")
    .option("--workspace <dir>", "folder whose disk is measured (default: the folder you are in)")
    .option("--json", "print one JSON object", false)
    .addHelpText("after", example("toka doctor"))
    .action(async (options: { workspace?: string; json: boolean }) => {
      const { runDoctor } = await import("./commands/doctor.ts");
      await perform(frame, options, runDoctor);
    });
}
