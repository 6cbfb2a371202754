/**
 * `toka approval`: effects that wait for somebody's yes or no.
 */
import type { StateRows, VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { contentLines, contentOf, type ShownContent } from "./contents.ts";
import { findRow, type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";
import { wordAmong } from "./words.ts";

type ApprovalRow = StateRows["approvals"];

const heads = ["EFFECT", "OF", "WHAT", "SIDE EFFECT", "UNTIL"] as const;

type NamedOptions = NounOptions & { readonly effect: string };

/**
 * Lists the effects that wait for an approval.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listApprovals(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("approvals"));
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  return tellRows(answer, { options, context, area: "approvals", none: "nothing waits for an approval", lines });
}

function cellsOf(row: ApprovalRow): readonly string[] {
  const what = `${row.tool ?? "a program"} for ${row.label}${row.changed ? ", replaced since" : ""}`;
  return [row.id, row.agentName ?? row.principal, what, row.sideEffect, new Date(row.deadlineMs).toISOString()];
}

/**
 * Shows exactly what will run when an effect is allowed.
 *
 * @param options - the effect's id
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when nothing of that id waits
 */
export async function showApproval(options: NamedOptions, context: CommandContext): Promise<number> {
  const { row, given } = await reading({ options, context }, async (api) => {
    const found = await findAwaited(options.effect, api);
    return { row: found, given: await contentOf(api, { id: found.id, commitment: found.binding.arguments }) };
  });
  const lines = options.json ? [showAsJson({ ...row, arguments: given })] : tell(row, given);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function tell(row: ApprovalRow, given: ShownContent): readonly string[] {
  return [
    `${row.id}: ${showOnOneLine(row.tool ?? "a program")} (${row.sideEffect}) for ${showOnOneLine(row.label)}`,
    `asked by ${showOnOneLine(row.agentName ?? row.principal)}; an answer counts until ${new Date(row.deadlineMs).toISOString()}`,
    ...(row.policy === null
      ? []
      : [`required by the policy ${row.policy.name}, in force since entry ${row.policy.position}`]),
    ...(row.changed ? ["the tool was replaced since it was asked for, so that it can only be denied"] : []),
    `program: ${row.binding.program ?? "stands in the arguments"}`,
    `arguments, ${row.binding.arguments}:`,
    ...contentLines(given),
    row.binding.claims.length === 0 ? "it may touch: nothing" : "it may touch:",
    ...row.binding.claims.map((claim) => `  ${showOnOneLine(claim)}`),
    `toka approval answer ${row.id} allow|deny --reason WHY`,
  ];
}

/**
 * Allows or denies an effect. What is allowed is exactly the program, arguments and claims of that effect: the answer repeats them, and the
 * kernel compares.
 *
 * @param options - the effect's id, the answer and the reason
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when nothing of that id waits
 */
export async function answerApproval(
  options: NamedOptions & { readonly answer: string; readonly reason: string },
  context: CommandContext,
): Promise<number> {
  const answer = wordAmong(options.answer, ["allow", "deny"]);
  return operateOn(
    async (api) => {
      const { id, binding } = await findAwaited(options.effect, api);
      const operation = { type: "approval.answer", effect: id, answer, binding, reason: options.reason };
      return { operation, contents: {} };
    },
    { options, context, doing: `${answer} ${options.effect}` },
  );
}

async function findAwaited(given: string, api: VaultApi): Promise<ApprovalRow> {
  const { rows } = await api.state("approvals");
  const named = rows.map((row) => ({ id: row.id, row }));
  return findRow(given, { rows: named, what: "awaited effect" }).row;
}
