/**
 * `toka erase`: removes contents for good.
 */
import { createInterface } from "node:readline";

import { askVault, refusalInWords, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, exitFailed, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { UsageError } from "../usage-error.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

type EraseRequest = Parameters<VaultApi["erase"]>[0];
type EraseAnswer = Awaited<ReturnType<VaultApi["erase"]>>;

/** What `toka erase` takes. */
export interface EraseOptions extends PlaceOptions {
  /** Commitments and positions, as a person names them. */
  readonly what: readonly string[];
  readonly agent?: string;
  readonly session?: string;
  /** A position, or a moment. */
  readonly before?: string;
  /** Only a plan does without one. */
  readonly reason?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/**
 * Erases, or says what that would do. Without `--yes` the plan is shown first, and somebody at the terminal must agree.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0, or 1 when nothing was erased
 * @throws a failure when there is no vault, or nothing of that name can be erased; UsageError when nobody could be asked
 */
export async function runErase(options: EraseOptions, context: CommandContext): Promise<number> {
  const { dryRun, yes, json, reason } = options;
  if (!dryRun && reason === undefined)
    throw new UsageError(
      "Cannot erase: found no reason, wanted one for the log; give --reason, or look with --dry-run",
    );
  if (!dryRun && !yes && !context.stdinIsTerminal)
    throw new UsageError("Cannot ask whether to erase: found no terminal; look with --dry-run, then give --yes");
  const request = requestOf(options);
  const answer = await askVault(placesOf(options, context), {
    ...asking(context, dryRun ? "read" : "write"),
    create: false,
    use: async (api: VaultApi) => {
      if (dryRun || yes) return api.erase(request);
      const plan = await api.erase({ ...request, dryRun: true });
      if (plan.payloads === 0 || !(await agreed(plan, context))) return plan;
      return api.erase(request);
    },
  });
  if (json) await writeLine(context.stdout, showAsJson({ ok: isDone(answer, options), ...answer }));
  else for (const line of linesOf(answer)) await writeLine(context.stdout, line);
  return isDone(answer, options) ? exitDone : exitFailed;
}

/** What was not agreed to is a plan still. */
function isDone({ type, payloads }: EraseAnswer, { dryRun }: EraseOptions): boolean {
  return dryRun || type === "erased" || (type === "planned" && payloads === 0);
}

function requestOf({ what, agent, session, before, reason, dryRun }: EraseOptions): EraseRequest {
  const isPosition = (text: string): boolean => /^[1-9][0-9]{0,14}$/u.test(text);
  const payloads = what.filter((one) => !isPosition(one));
  for (const one of payloads)
    if (!/^sha256:[A-Za-z0-9_-]{43}$/u.test(one))
      throw new UsageError(
        `Cannot erase ${one}: wanted the position of an entry, or a commitment such as sha256:… of 43 characters`,
      );
  return {
    payloads,
    entries: what.filter(isPosition).map(Number),
    agent: agent ?? null,
    session: session ?? null,
    before: before !== undefined && isPosition(before) ? Number(before) : null,
    beforeMs: before === undefined || isPosition(before) ? null : momentOf(before),
    reason: reason ?? "",
    dryRun,
  };
}

function momentOf(text: string): number {
  const timeMs = /^\d{4}-\d{2}-\d{2}/u.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs))
    throw new UsageError(`Cannot use --before ${text}: wanted a position, or a moment such as 2026-01-31T12:00:00Z`);
  return timeMs;
}

async function agreed(plan: EraseAnswer, { stdin, stderr, interrupted }: CommandContext): Promise<boolean> {
  stderr.write(`${linesOf(plan).join("\n")}\nerase this for good? Nothing brings it back. [y/N] `);
  const lines = createInterface({ input: stdin });
  try {
    return await new Promise((resolve) => {
      lines.once("line", (line) => resolve(/^y(es)?$/iu.test(line.trim())));
      lines.once("close", () => resolve(false));
      interrupted.addEventListener("abort", () => resolve(false), { once: true });
    });
  } finally {
    lines.close();
  }
}

function linesOf(answer: EraseAnswer): readonly string[] {
  const { changeLists, needed, neededCount, gone, refusal } = answer;
  const stays = needed.map(
    ({ payload, user }) => `  stays  ${showOnOneLine(payload)}  needed by ${showOnOneLine(user)}`,
  );
  return [
    headOf(answer),
    ...(changeLists === 0
      ? []
      : [
          `  with ${count(changeLists, "list")} of changes that tell the digest of what goes: what they tell of cannot be undone any more`,
        ]),
    ...stays,
    ...(neededCount > needed.length
      ? [`  and ${neededCount - needed.length} more stay, since something that lives needs them`]
      : []),
    ...(gone === 0 ? [] : [`  ${count(gone, "payload")} of these had been erased before`]),
    ...(refusal === null ? [] : [`  refused: ${showOnOneLine(refusalInWords(refusal))}`]),
    ...(answer.type === "erased" && answer.payloads > 0 && !answer.scrubbed
      ? [
          "  somebody reads the files of the log, which still hold the bytes; they go as soon as he is done, or when the vault is opened next",
        ]
      : []),
  ];
}

function headOf({ type, payloads, bytes, entries }: EraseAnswer): string {
  const extent = `${count(payloads, "payload")}, ${bytes} bytes`;
  if (type === "planned") return `would erase ${extent}; nothing was touched`;
  if (type === "refused") return `refused; erased by entries before that: ${entries.join(", ") || "none"}`;
  if (payloads === 0) return "nothing to erase";
  return `erased ${extent}, by ${entries.length === 1 ? "entry" : "entries"} ${entries.join(", ")}`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
