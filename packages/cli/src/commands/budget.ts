/**
 * `toka budget`: who may use how much.
 */
import { amountsFrom, type AmountWords, type StateRows, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAmounts, showBar } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { growTree, treeLines } from "../output/table.ts";
import { UsageError } from "../usage-error.ts";
import { findPrincipal } from "./grant.ts";
import { findRow, type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";

type BudgetRow = StateRows["budgets"];

const barWidth = 20;

type Kind = keyof BudgetRow["allotment"];

/**
 * Prints the tree of budgets, each with a bar for the kind that is nearest to its end.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function showBudgetTree(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("budgets"));
  const lines = (): readonly string[] => treeLines(growTree(answer.rows, treeLinesOf));
  return tellRows(answer, { options, context, area: "budgets", none: "no open budgets", lines });
}

function treeLinesOf(budget: BudgetRow): readonly string[] {
  const fullest = kindsOf(budget).toSorted((left, right) => shareOf(budget, right) - shareOf(budget, left))[0];
  const head = `${budget.id} of ${showOnOneLine(budget.holderName)}${budget.closing ? ", closing" : ""}`;
  return fullest === undefined ? [`${head}: nothing`] : [head, `  ${barOf(budget, fullest)}`];
}

/**
 * Shows one budget, every kind of it.
 *
 * @param options - its id, or its holder's name
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such budget
 */
export async function showBudget(
  options: NounOptions & { readonly budget: string },
  context: CommandContext,
): Promise<number> {
  const budget = await reading({ options, context }, async (api) => findBudget(options.budget, api));
  const lines = options.json ? [showAsJson(budget)] : tell(budget);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function tell(budget: BudgetRow): readonly string[] {
  const window = budget.windowMs === null ? "for its lifetime" : `each ${showAmounts({ wallMs: budget.windowMs })}`;
  return [
    `${budget.id} of ${showOnOneLine(budget.holderName)} (${budget.holder}), ${window}${budget.closing ? ", closing" : ""}`,
    `  below ${budget.parent ?? "nothing"}`,
    ...kindsOf(budget).map((kind) => `  ${barOf(budget, kind)}`),
    `  spent ${showAmounts(budget.spent)}`,
    `  reserved ${showAmounts(budget.reserved)}`,
    `  handed down ${showAmounts(budget.carved)}`,
    `  overdraft ${showAmounts(budget.overdraft)}`,
    `  available ${showAmounts(budget.available)}`,
  ];
}

/**
 * Adds to a budget.
 *
 * @param options - the budget, and the amounts as words
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such budget; UsageError when an amount cannot be read
 */
export async function topUpBudget(
  options: NounOptions & AmountWords & { readonly budget: string },
  context: CommandContext,
): Promise<number> {
  const amounts = await amountsOf(options);
  return operateOn(
    async (api) => {
      const { id } = await findBudget(options.budget, api);
      return { operation: { type: "budget.top-up", budget: id, amounts }, contents: {} };
    },
    { options, context, doing: `top up ${options.budget}` },
  );
}

/**
 * Hands part of the operator's budget to a principal.
 *
 * @param options - to whom, from which budget, and the amounts as words
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such principal or budget; UsageError when an amount cannot be read
 */
export async function carveBudget(
  options: NounOptions & AmountWords & { readonly to: string; readonly from?: string },
  context: CommandContext,
): Promise<number> {
  const amounts = await amountsOf(options);
  return operateOn(
    async (api) => {
      const holder = await findPrincipal(options.to, api);
      const { rows } = await api.state("budgets");
      const parent = options.from === undefined ? rows[0] : findRow(options.from, { rows, what: "budget" });
      const operation = { type: "budget.carve", parent: parent?.id, holder: holder.id, amounts };
      return { operation, contents: {} };
    },
    { options, context, doing: `carve a budget for ${options.to}` },
  );
}

/**
 * Closes a budget.
 *
 * @param options - the budget
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such budget
 */
export async function closeBudget(
  options: NounOptions & { readonly budget: string },
  context: CommandContext,
): Promise<number> {
  return operateOn(
    async (api) => {
      const { id } = await findBudget(options.budget, api);
      return { operation: { type: "budget.close", budget: id }, contents: {} };
    },
    { options, context, doing: `close ${options.budget}` },
  );
}

async function amountsOf(words: AmountWords): Promise<BudgetRow["allotment"]> {
  const read = await amountsFrom(words);
  if ("problem" in read) throw new UsageError(`Cannot read the amounts: ${read.problem}`);
  if (Object.keys(read.amounts).length === 0)
    throw new UsageError("Cannot use no amounts: give at least one, such as --tool-calls 100 or --cpu 5m");
  return read.amounts;
}

async function findBudget(given: string, api: VaultApi): Promise<BudgetRow> {
  const { rows } = await api.state("budgets");
  const named = rows.map((row) => ({ id: row.id, name: row.holderName, row }));
  return findRow(given, { rows: named, what: "budget" }).row;
}

const order: readonly Kind[] = [
  "toolCalls",
  "cpuMs",
  "wallMs",
  "memoryBytes",
  "storedBytes",
  "networkBytes",
  "tokens",
  "moneyMicro",
];

function kindsOf(budget: BudgetRow): readonly Kind[] {
  return order.filter((kind) => (budget.allotment[kind] ?? 0) > 0);
}

/** What is spent, reserved and handed down, of what there is. */
function shareOf(budget: BudgetRow, kind: Kind): number {
  return usedOf(budget, kind) / Math.max(1, budget.allotment[kind] ?? 0);
}

function usedOf({ spent, reserved, carved }: BudgetRow, kind: Kind): number {
  return (spent[kind] ?? 0) + (reserved[kind] ?? 0) + (carved[kind] ?? 0);
}

function barOf(budget: BudgetRow, kind: Kind): string {
  const share = shareOf(budget, kind);
  const whole = showAmounts({ [kind]: budget.allotment[kind] ?? 0 });
  return `${showBar(share, barWidth)} ${`${Math.round(share * 100)}%`.padStart(4)} of ${whole}`;
}
