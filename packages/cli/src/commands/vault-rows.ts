/**
 * Questions and operations that the nouns share: the rows of an area, the row that a word means, and an operation with its answer.
 */
import {
  askVault,
  type OperateRequest,
  refusalInWords,
  ServiceFailure,
  type StateAnswer,
  type StateArea,
} from "@toka/service";
import { suggestion, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tellNone } from "../output/told.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** What every command of a noun takes. */
export interface NounOptions extends PlaceOptions {
  readonly json: boolean;
}

/** How a command of a noun asks: its options, and the world it runs in. */
export interface Asked {
  readonly options: NounOptions;
  readonly context: CommandContext;
}

/** The receipt of an operation, as the service gives it. */
export type Receipt = Awaited<ReturnType<VaultApi["operate"]>>;

/**
 * Reads from a vault.
 *
 * @param asked - options and streams
 * @param use - the questions
 * @returns what `use` returns
 * @throws a failure when there is no vault or it cannot be opened
 */
export async function reading<T>({ options, context }: Asked, use: (api: VaultApi) => Promise<T>): Promise<T> {
  return askVault(placesOf(options, context), { ...asking(context, "read"), use });
}

/**
 * Asks a vault for operations.
 *
 * @param asked - options and streams
 * @param use - the questions and operations
 * @returns what `use` returns
 * @throws a failure when there is no vault or it cannot be opened
 */
export async function writing<T>({ options, context }: Asked, use: (api: VaultApi) => Promise<T>): Promise<T> {
  return askVault(placesOf(options, context), { ...asking(context, "write"), use });
}

/**
 * Finds the row that a person means: by its id, by its name, or by the beginning of either when only one begins so.
 *
 * @param given - as written on the command line
 * @param rows - that there are
 * @param what - such as `agent`, for the message
 * @returns the row
 * @throws a failure `agent_unknown` or the like, with the nearest name; `agent_ambiguous` when several are meant
 */
export function findRow<Row extends { readonly id: string; readonly name?: string }>(
  given: string,
  { rows, what }: { readonly rows: readonly Row[]; readonly what: string },
): Row {
  const tries: readonly ((row: Row) => boolean)[] = [
    (row) => row.id === given,
    (row) => row.name === given,
    (row) => row.id.startsWith(`${given}-`),
    (row) => row.name?.startsWith(given) === true,
  ];
  for (const fits of tries) {
    const found = rows.filter(fits);
    if (found.length > 1) {
      throw new ServiceFailure(`${what}_ambiguous`, {
        message: `Cannot tell which ${what} ${given} means: ${found.map((row) => row.id).join(", ")}; give one of these ids`,
      });
    }
    if (found[0] !== undefined) return found[0];
  }
  const names = [...new Set(rows.map((row) => row.name ?? row.id))];
  throw new ServiceFailure(`${what}_unknown`, {
    message: `Cannot find the ${what} ${given}: ${nothingOf(what, given)}${suggestion(given, names)}`,
  });
}

/** State holds live things only: who looks for an agent that has ended finds it in the log. */
function nothingOf(what: string, given: string): string {
  return what === "agent"
    ? `no live one has that name or id, and one that ended is in the log (toka log --agent ${given})`
    : "the vault has none of that name or id";
}

/**
 * Prints rows: one JSON object, or lines.
 *
 * @param answer - the rows
 * @param how - the area's name, what is said of no rows, the lines for people, and where to
 * @returns 0
 */
export async function tellRows<Area extends StateArea>(
  { position, total, rows }: StateAnswer<Area>,
  how: Asked & { readonly area: Area; readonly none: string; readonly lines: () => readonly string[] },
): Promise<number> {
  const { options, context, area } = how;
  if (rows.length === 0 && !options.json) return tellNone(context, how.none);
  const left = total - rows.length;
  const lines = options.json
    ? [showAsJson({ position, total, [area]: rows })]
    : [...how.lines(), ...(left > 0 ? [`and ${left} more`] : [])];
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

/**
 * Has one operation decided and tells what came of it.
 *
 * @param request - the operation and the bytes of its contents
 * @param how - the vault, and what the operation is for, such as `suspend the agent curious`
 * @returns 0, or 1 when it was refused
 * @throws a failure when the vault cannot be asked
 */
export async function operateOn(
  request: (api: VaultApi) => Promise<OperateRequest>,
  how: Asked & { readonly doing: string },
): Promise<number> {
  const receipt = await writing(how, async (api) => api.operate(await request(api)));
  return tellReceipt(receipt, how);
}

/**
 * Tells what came of an operation.
 *
 * @param receipt - of the operation
 * @param how - what it was for, and where to
 * @returns 0, or 1 when it was refused
 */
export async function tellReceipt(
  { position, outcome }: Receipt,
  { options, context, doing }: Asked & { readonly doing: string },
): Promise<number> {
  if ("refusal" in outcome) {
    const { refusal } = outcome;
    const next = position === null ? "" : `; toka why ${position} explains`;
    const message = `Cannot ${doing}: refused, ${refusalInWords(refusal)}${next}`;
    if (options.json) {
      await writeLine(
        context.stdout,
        showAsJson({ ok: false, position, refusal, failure: { code: refusal.code, message } }),
      );
    }
    await writeLine(context.stderr, `toka: ${showOnOneLine(message)}`);
    return exitFailed;
  }
  const { events } = outcome;
  const line = options.json
    ? showAsJson({ ok: true, position, events })
    : `entry ${position ?? "none"}: ${events.map(showEvent).join("; ")}`;
  await writeLine(context.stdout, line);
  return exitDone;
}

/** What an event made or changed, in the ids that the next command takes. */
function showEvent(event: { readonly type: string }): string {
  const fields = [
    "family",
    "agent",
    "task",
    "session",
    "grant",
    "budget",
    "tool",
    "principal",
    "effect",
    "definition",
    "name",
    "resource",
    "key",
  ].flatMap((field) => {
    const value: unknown = Reflect.get(event, field);
    return typeof value === "string" ? [`${field} ${showOnOneLine(value, 80)}`] : [];
  });
  return [event.type, ...fields].join(" ");
}
