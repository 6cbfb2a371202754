/**
 * `toka up`: open the vault, run a crew, serve.
 */
import { isAbsolute, resolve } from "node:path";

import { startUp, type UpRun, type UpSummary } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson } from "../output/plain.ts";
import { createProgressView } from "../output/progress.ts";
import { summaryLines } from "../output/summary.ts";
import { type BackupWords, scheduleOf } from "./backup-schedule.ts";
import { type PlaceOptions, placesOf } from "./places.ts";

/** What `toka up` takes. */
export interface UpOptions extends PlaceOptions, BackupWords {
  readonly crew?: string;
  /** Port on loopback, 0 for a free one; false for none. */
  readonly port: number | false;
  readonly alerts?: string;
  readonly once: boolean;
  readonly json: boolean;
}

/**
 * Runs a session to its end and then serves the vault until a signal, or exits with `--once`.
 *
 * @param options - as given on the command line
 * @param context - streams, environment and signals
 * @returns 0 when every objective is met and the log verifies, 1 when not or when it was interrupted before
 * @throws a failure when the vault is held by another process, the crew has problems, and the like
 */
export async function runUp(options: UpOptions, context: CommandContext): Promise<number> {
  // With --json, stdout carries the summary alone.
  const stream = options.json ? context.stderr : context.stdout;
  const terminal = options.json ? context.stderrIsTerminal : context.stdoutIsTerminal;
  const view = createProgressView({ stream, terminal, columns: context.columns });
  const backup = await scheduleOf(options, context);
  const run = await startUp({
    places: placesOf(options, context),
    ...(options.crew === undefined ? {} : { crew: crewOf(options.crew, context) }),
    port: options.port === false ? null : options.port,
    ...(options.alerts === undefined ? {} : { alerts: resolve(context.cwd, options.alerts) }),
    ...backup,
    onNote: view.note,
    onProgress: view.update,
    signal: context.interrupted,
  });
  try {
    const summary = await run.summary;
    view.close();
    if (summary === undefined) return await tellStopped(options, { context, stream });
    for (const line of summaryLines(summary)) await writeLine(stream, line);
    if (options.json) await writeLine(context.stdout, showAsJson(summary));
    if (!options.once) await serve(run, { context, stream });
    return exitCodeOf(summary);
  } finally {
    await run.close();
  }
}

interface Streams {
  readonly context: CommandContext;
  readonly stream: CommandContext["stdout"];
}

async function tellStopped(options: UpOptions, { context, stream }: Streams): Promise<number> {
  const message = "stopped: the session stays open and goes on with the next toka up";
  await writeLine(stream, message);
  if (options.json) await writeLine(context.stdout, showAsJson({ ok: false, failure: { code: "stopped", message } }));
  return options.once ? exitFailed : exitDone;
}

/** A name means a crew that comes with Toka; anything with a slash, or that starts with a dot, is a folder. */
function crewOf(crew: string, context: CommandContext): string {
  return isAbsolute(crew) || crew.includes("/") || crew.startsWith(".") ? resolve(context.cwd, crew) : crew;
}

async function serve(run: UpRun, { context, stream }: Streams): Promise<void> {
  await writeLine(stream, `serving the vault ${run.dir} until Ctrl-C`);
  if (context.interrupted.aborted) return;
  const asked = new Promise<void>((done) => {
    // A listener on a signal keeps no process alive; the socket that is being served does.
    context.interrupted.addEventListener("abort", () => done(), { once: true });
  });
  await Promise.race([asked, run.failed]);
}

function exitCodeOf(summary: UpSummary): number {
  return summary.ok ? exitDone : exitFailed;
}
