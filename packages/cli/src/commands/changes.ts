/**
 * `toka changes`: who changed what, when, and under which grant.
 */
import { resolve } from "node:path";

import { askVault, type ChangeRecord, type Places, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { fromWorkspace, showStates } from "../output/changed-path.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tellNone } from "../output/told.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka changes` takes. */
export interface ChangesOptions extends PlaceOptions {
  readonly agent?: string;
  readonly task?: string;
  readonly session?: string;
  readonly path?: string;
  readonly since: number;
  readonly json: boolean;
}

/**
 * Prints the changes: below the effect that made them on a terminal, one a line with tabs between its fields anywhere else.
 *
 * @param options - as given on the command line
 * @param context - streams, environment and signals
 * @returns 0
 * @throws a failure when there is no vault, or the pattern cannot be read
 */
export async function runChanges(options: ChangesOptions, context: CommandContext): Promise<number> {
  const places = placesOf(options, context);
  const query = {
    agent: options.agent ?? null,
    task: options.task ?? null,
    session: options.session ?? null,
    // A pattern is read from the folder that the paths are shown from.
    path: options.path === undefined ? null : resolve(places.workspace, options.path),
    since: options.since,
  };
  const use = async (api: VaultApi): Promise<void> => {
    let last: string | undefined;
    for await (const record of api.changes(query, { signal: context.interrupted })) {
      for (const line of linesOf(record, { options, context, places, last })) await writeLine(context.stdout, line);
      last = record.effect;
      if (context.interrupted.aborted) break;
    }
    if (last === undefined && !options.json) await tellNone(context, "nothing was changed");
  };
  await askVault(places, { ...asking(context, "read"), use });
  return exitDone;
}

interface Told {
  readonly options: ChangesOptions;
  readonly context: CommandContext;
  readonly places: Places;
  /** The effect that the line before was about. */
  readonly last: string | undefined;
}

function linesOf(record: ChangeRecord, { options, context, places, last }: Told): readonly string[] {
  if (options.json) return [showAsJson(record)];
  const path = showOnOneLine(fromWorkspace(record.path, places.workspace));
  if (!context.stdoutIsTerminal) return [fieldsOf(record, path).join("\t")];
  const line = `  ${record.change.padEnd(8)}  ${path}  ${showStates(record)}`;
  return last === record.effect ? [line] : [headOf(record), line];
}

function fieldsOf(record: ChangeRecord, path: string): readonly string[] {
  const { undoneBy } = record;
  return [
    String(record.position),
    timeOf(record),
    record.effect,
    whoOf(record),
    record.grants[0] ?? "",
    record.change,
    path,
    showStates(record),
    undoneBy === null ? "" : `undone by ${undoneBy.effect}`,
  ];
}

function headOf(record: ChangeRecord): string {
  const { grants, undoneBy, task } = record;
  const grant = grants.length === 0 ? "no grant" : grants.join(" below ");
  const undone = undoneBy === null ? "" : `  UNDONE by ${undoneBy.effect} (entry ${undoneBy.position})`;
  const of = task === null ? "" : ` for ${task}`;
  return `${record.position}  ${timeOf(record)}  ${record.effect}: ${workOf(record)} by ${whoOf(record)}${of} under ${grant}${undone}`;
}

function timeOf({ timeMs }: ChangeRecord): string {
  return new Date(timeMs).toISOString();
}

function whoOf({ agent, principal }: ChangeRecord): string {
  if (agent !== null) return `${showOnOneLine(agent.name)} (${agent.id})`;
  return principal.name === null ? principal.id : showOnOneLine(principal.name);
}

function workOf({ kind, tool, undoes, label }: ChangeRecord): string {
  if (kind === "undo") return `undo of ${undoes.length === 1 ? (undoes[0] ?? "") : `${undoes.length} effects`}`;
  return tool === null ? `program (${showOnOneLine(label)})` : `tool ${showOnOneLine(tool)}`;
}
