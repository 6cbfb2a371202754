/**
 * `toka run`: agent files, or a crew, as one session.
 */
import { existsSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";

import {
  askVault,
  planRun,
  readCrewSource,
  sessionRequest,
  ServiceFailure,
  type UpSummary,
  type VaultApi,
} from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { planLines } from "../output/plan.ts";
import { createSessionTeller } from "../output/session-lines.ts";
import { summaryLines } from "../output/summary.ts";
import { asking, placesOf } from "./places.ts";
import type { NounOptions } from "./vault-rows.ts";

/** What `toka run` takes. */
export interface RunOptions extends NounOptions {
  readonly files: readonly string[];
  readonly dryRun: boolean;
}

/**
 * Runs a session to its end, in the process that holds the vault when there is one.
 *
 * @param options - as given on the command line
 * @param context - streams, environment and signals
 * @returns 0 when every objective is met and the log verifies, 1 when not or when it was interrupted before
 * @throws a failure of the files, of the vault and of the session
 */
export async function runFiles(options: RunOptions, context: CommandContext): Promise<number> {
  const places = placesOf(options, context);
  const source = await readCrewSource(options.files.map((file) => pathOf(file, context)));
  if (options.dryRun) {
    const plan = await planRun(source, places);
    const lines = options.json ? [showAsJson(plan)] : planLines(plan);
    for (const line of lines) await writeLine(context.stdout, line);
    return exitDone;
  }
  const request = await sessionRequest(source, places);
  let session: string | undefined;
  const use = async (api: VaultApi): Promise<UpSummary | undefined> => {
    // Asked again, another process would hold the vault; what was begun is not begun twice.
    if (session !== undefined) throw lost(session);
    const started = await api.startSession(request);
    session = started.session;
    return follow(api, { session, position: started.position, options, context });
  };
  const summary = await askVault(places, { ...asking(context, "run"), use });
  return tell(summary, { options, context });
}

/** A bare word that is no file here is the name of an agent file that is, or of a crew that comes with Toka. */
function pathOf(file: string, context: CommandContext): string {
  const path = resolve(context.cwd, file);
  if (isAbsolute(file) || file.includes("/") || file.startsWith(".") || existsSync(path)) return path;
  return existsSync(`${path}.yaml`) ? `${path}.yaml` : file;
}

function lost(session: string): ServiceFailure {
  return new ServiceFailure("vault_process_gone", {
    message: `Cannot tell what becomes of ${session}: the process that ran it let go of the vault; toka serve goes on with it`,
    retry: "later",
  });
}

interface Following {
  readonly session: string;
  readonly position: number;
  readonly options: RunOptions;
  readonly context: CommandContext;
}

async function follow(
  api: VaultApi,
  { session, position, options, context }: Following,
): Promise<UpSummary | undefined> {
  const stream = options.json ? context.stderr : context.stdout;
  const over = new AbortController();
  const signal = AbortSignal.any([over.signal, context.interrupted]);
  const teller = createSessionTeller(session);
  const telling = (async () => {
    const query = { after: position - 1, kind: null, agent: null, follow: true };
    for await (const { entry } of api.log(query, { signal })) {
      for (const line of teller.linesOf(entry)) await writeLine(stream, line);
      if (teller.isOver()) return;
    }
  })();
  const stopped = new Promise<undefined>((resolve) => {
    if (context.interrupted.aborted) resolve(undefined);
    context.interrupted.addEventListener("abort", () => resolve(undefined), { once: true });
  });
  try {
    const summary = await Promise.race([api.sessionSummary(session), stopped]);
    if (summary !== undefined) await telling;
    return summary;
  } finally {
    over.abort();
    await telling.catch(() => {});
  }
}

async function tell(
  summary: UpSummary | undefined,
  { options, context }: { readonly options: RunOptions; readonly context: CommandContext },
): Promise<number> {
  if (summary === undefined) {
    const message = "stopped: the session stays open and goes on with toka serve";
    if (options.json) await writeLine(context.stdout, showAsJson({ ok: false, failure: { code: "stopped", message } }));
    await writeLine(context.stderr, `toka: ${showOnOneLine(message)}`);
    return exitFailed;
  }
  const lines = options.json ? [showAsJson(summary)] : summaryLines(summary);
  for (const line of lines) await writeLine(context.stdout, line);
  return summary.ok ? exitDone : exitFailed;
}
