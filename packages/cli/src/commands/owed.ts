/**
 * `toka owed`: effects whose outcome nobody knows.
 */
import type { StateRows } from "@toka/service";

import type { CommandContext } from "../context.ts";
import { showAmounts } from "../output/amounts.ts";
import { tableLines } from "../output/table.ts";
import { findRow, type NounOptions, reading, tellReceipt, tellRows, writing } from "./vault-rows.ts";

type EffectRow = StateRows["effects"];

const heads = ["ID", "OF", "WHAT", "STARTED", "PRESUMED SPENT"] as const;

/**
 * Lists the owed effects.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listOwed(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("effects"));
  const rows = answer.rows.filter((effect) => effect.status === "owed");
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(rows.map(cellsOf), { heads, terminal });
  return tellRows(
    { ...answer, rows, total: rows.length },
    { options, context, area: "effects", none: "nothing is owed", lines },
  );
}

function cellsOf(effect: EffectRow): readonly string[] {
  const started = effect.startedAtMs === null ? "no" : new Date(effect.startedAtMs).toISOString();
  const what = `${effect.tool ?? effect.kind} for ${effect.label}`;
  return [effect.id, effect.agentName ?? effect.principal, what, started, showAmounts(effect.presumed)];
}

/**
 * Settles an owed effect in the books, on the operator's word.
 *
 * @param options - the effect's id, and what the operator found out
 * @param context - streams and environment
 * @returns 0, or 1 when it is refused
 * @throws a failure when nothing of that id is owed
 */
export async function abandonOwed(
  options: NounOptions & { readonly effect: string; readonly reason: string },
  context: CommandContext,
): Promise<number> {
  const receipt = await writing({ options, context }, async (api) => {
    const { rows } = await api.state("effects");
    const owed = rows.filter((row) => row.status === "owed").map((row) => ({ id: row.id }));
    return api.abandon(findRow(options.effect, { rows: owed, what: "owed effect" }).id, options.reason);
  });
  return tellReceipt(receipt, { options, context, doing: `abandon ${options.effect}` });
}
