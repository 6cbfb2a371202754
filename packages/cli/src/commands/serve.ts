/**
 * `toka serve`: hold the vault, run what is open in it and what is started meanwhile.
 */
import { resolve } from "node:path";

import { startServing } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { type BackupWords, scheduleOf } from "./backup-schedule.ts";
import { type PlaceOptions, placesOf } from "./places.ts";

/** What `toka serve` takes. */
export interface ServeOptions extends PlaceOptions, BackupWords {
  readonly port: number | false;
  readonly alerts?: string;
}

/**
 * Serves the vault until a signal.
 *
 * @param options - as given on the command line
 * @param context - streams, environment and signals
 * @returns 0 when it was asked to stop
 * @throws a failure when the vault is held by another process, or the gate cannot go on
 */
export async function runServe(options: ServeOptions, context: CommandContext): Promise<number> {
  const onNote = (line: string): void => void context.stdout.write(`${showOnOneLine(line)}\n`);
  const port = options.port === false ? {} : { port: options.port };
  const alerts = options.alerts === undefined ? {} : { alerts: resolve(context.cwd, options.alerts) };
  const backup = await scheduleOf(options, context);
  const run = await startServing({ places: placesOf(options, context), onNote, ...port, ...alerts, ...backup });
  try {
    await writeLine(context.stdout, `serving the vault ${showOnOneLine(run.dir)} until Ctrl-C`);
    if (!context.interrupted.aborted) {
      const asked = new Promise<void>((done) => {
        context.interrupted.addEventListener("abort", () => done(), { once: true });
      });
      await Promise.race([asked, run.failed]);
    }
    return exitDone;
  } finally {
    await run.close();
  }
}
