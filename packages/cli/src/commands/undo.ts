/**
 * `toka undo`: takes back what effects changed.
 */
import {
  askVault,
  type Places,
  refusalInWords,
  type UndoAnswer,
  type UndoneChange,
  type VaultApi,
} from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { diffLines, fromWorkspace, showStates } from "../output/changed-path.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What `toka undo` takes. */
export interface UndoOptions extends PlaceOptions {
  /** As a person names it. */
  readonly what: string;
  readonly dryRun: boolean;
  readonly diff: boolean;
  readonly merge: boolean;
  readonly json: boolean;
}

/**
 * Undoes, or says what that would do.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0, or 1 when a path stands in the way or it was refused; nothing is touched then
 * @throws a failure when there is no vault, or nothing of that name can be undone
 */
export async function runUndo(options: UndoOptions, context: CommandContext): Promise<number> {
  const { what, dryRun, diff, merge, json } = options;
  const places = placesOf(options, context);
  const use = async (api: VaultApi): Promise<UndoAnswer> => api.undo({ target: what, merge, dryRun, diff });
  // A dry run only reads. What is done for good is done by the gate, of which there is none in a process that only reads.
  const purpose = dryRun ? "read" : "run";
  const answer = await askVault(places, { ...asking(context, purpose), create: false, use });
  const ok = "changes" in answer;
  if (json) await writeLine(context.stdout, showAsJson({ ok, ...answer }));
  else await tell(answer, { options, context, places });
  return ok ? exitDone : exitFailed;
}

interface Told {
  readonly options: UndoOptions;
  readonly context: CommandContext;
  readonly places: Places;
}

async function tell(answer: UndoAnswer, told: Told): Promise<void> {
  const { context } = told;
  if ("changes" in answer) {
    for (const line of doneLines(answer, told)) await writeLine(context.stdout, line);
    return;
  }
  for (const line of refusedLines(answer, told)) await writeLine(context.stderr, line);
}

type Refused = Extract<UndoAnswer, { readonly type: "conflict" | "refused" | "stopped" }>;
type Done = Exclude<UndoAnswer, Refused>;

/** From the side of the undo: what an effect made goes, what it took comes back. */
const doings: Readonly<Record<UndoneChange["change"], string>> = {
  created: "brought back",
  modified: "restored",
  deleted: "removed",
  mode: "restored",
  replaced: "replaced",
};

function doneLines(answer: Done, { options, context, places }: Told): readonly string[] {
  const colours = context.stdoutIsTerminal && context.env["NO_COLOR"] === undefined;
  const named = (path: string): string => fromWorkspace(path, places.workspace);
  const paths = answer.changes.flatMap((change) => {
    const doing = change.merged ? "merged" : doings[change.change];
    const line = `  ${doing.padEnd(12)}  ${showOnOneLine(named(change.path))}  ${showStates(change)}`;
    return options.diff ? [line, ...diffLines({ ...change, path: named(change.path) }, { colours })] : [line];
  });
  const kept = answer.kept.map(
    (path) => `  ${"stays".padEnd(12)}  ${showOnOneLine(named(path))}  something else is in it`,
  );
  return [headOf(answer), ...paths, ...kept];
}

function headOf({ type, changes, effects, effect, position }: Done): string {
  const extent = `${count(changes.length, "path")} of ${count(effects.length, "effect")}`;
  if (type === "planned") return `would undo ${extent}; nothing was touched`;
  return `undone: ${extent}, by ${effect ?? ""} (entry ${position ?? ""}); toka undo ${effect ?? ""} takes that back`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function refusedLines(answer: Refused, { options, places }: Told): readonly string[] {
  const what = showOnOneLine(options.what);
  const { position } = answer;
  const more = position === null ? "" : ` (entry ${position}, toka why ${position} tells more)`;
  if (answer.type === "refused") {
    return [`toka: Cannot undo ${what}: refused, ${showOnOneLine(refusalInWords(answer.refusal))}${more}`];
  }
  if (answer.type === "stopped") return [`toka: ${showOnOneLine(answer.message)}${more}`];
  const extent = `${count(answer.conflicts.length, "path")} in the way`;
  const head = `toka: Cannot undo ${what}: ${extent}, and nothing was touched${more}`;
  const lines = answer.conflicts.map(({ path, message, changedBy }) => {
    const by = changedBy === null ? "by somebody whom the log does not know" : `by ${whoOf(changedBy)}`;
    return `  ${showOnOneLine(fromWorkspace(path, places.workspace))}: changed since ${by}: ${showOnOneLine(message)}`;
  });
  const hint = options.merge ? [] : ["toka: --merge keeps what was changed since, where texts can be merged"];
  return [head, ...lines, ...hint];
}

function whoOf({ effect, position, agent }: { effect: string; position: number; agent: string | null }): string {
  return `${agent === null ? effect : `${showOnOneLine(agent)}, ${effect}`} (entry ${position})`;
}
