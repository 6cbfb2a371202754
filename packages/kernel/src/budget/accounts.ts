/** What a request holds, what a settlement books, what a budget lacks, and when its holder is warned. */
import type { BudgetWarned } from "../events/budget.ts";
import type { BudgetId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { Budget, EffectKind } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { amountKinds, type AmountKind, type Amounts } from "./amounts.ts";
import { availableOf, budgetAt, suffices } from "./booking.ts";
import { figuresOf, noFigures, plus, reaches, same, share, type Figures } from "./figures.ts";

/**
 * What a request reserves: as asked, but of tool calls exactly the one that it is, or none.
 *
 * @param kind of the effect
 * @param asked the amounts asked for
 * @returns figures
 */
export function reserveOf(kind: EffectKind, asked: Amounts): Figures {
  return { ...figuresOf(asked), toolCalls: kind === "tool" ? 1 : 0 };
}

/**
 * What a settlement books: as measured, but for tool calls, which are booked as reserved, and memory, which is given back.
 *
 * @param usage measured
 * @param reserve what was held
 * @returns what becomes spent
 */
export function bookedOf(usage: Amounts, reserve: Figures): Figures {
  return { ...figuresOf(usage), toolCalls: reserve.toolCalls, memoryBytes: 0 };
}

/**
 * The first kind of which more is wanted than a budget has.
 *
 * @param budget as it stands now
 * @param wanted the amounts
 * @returns what runs out, or undefined when all is available
 */
export function shortage(
  budget: Budget,
  wanted: Figures,
): { readonly dimension: AmountKind; readonly available: number; readonly wanted: number } | undefined {
  if (suffices(budget, wanted)) return undefined;
  for (const kind of amountKinds) {
    const available = availableOf(budget, kind);
    if (wanted[kind] > available) return { dimension: kind, available, wanted: wanted[kind] };
  }
  return undefined;
}

/**
 * What the holder of a budget is to be warned of: the kinds of which most is spent, once each.
 *
 * @param budget as it stands after booking
 * @returns the events, in canonical order of kinds
 */
export function warningsOf(budget: Pick<Budget, "id" | "spent" | "allotment" | "warned">): readonly BudgetWarned[] {
  const { id, spent, allotment, warned } = budget;
  const warnings: BudgetWarned[] = [];
  if (!reaches(spent, { percent: fixedLimits.warnPercent, of: allotment })) return warnings;
  for (const kind of amountKinds) {
    const threshold = share(allotment[kind], fixedLimits.warnPercent);
    if (allotment[kind] === 0 || spent[kind] < threshold || warned.includes(kind)) continue;
    const amounts = { spent: spent[kind], allotment: allotment[kind] };
    warnings.push({ type: "budget.warned", schema: 1, budget: id, dimension: kind, ...amounts });
  }
  return warnings;
}

/**
 * Tells whether the accounts of budgets, going up when these close, may bring one above to a warning. It errs towards yes: who asks
 * then finds out by trying.
 *
 * @param state in which they live
 * @param options the budgets that are closed with all below them, and the effective time in ms
 * @returns false when there is surely nothing to warn of
 */
export function accountsMayWarn(
  state: LiveState,
  { budgets, timeMs }: { readonly budgets: readonly BudgetId[]; readonly timeMs: number },
): boolean {
  const closed = budgets.flatMap((id) => state.budgets.get(id) ?? []);
  const [top, another] = closed.filter(({ parent }) => parent === null || !budgets.includes(parent));
  // What several hand up adds up.
  if (another !== undefined) return true;
  const above = top === undefined || top.parent === null ? undefined : state.budgets.get(top.parent);
  if (top === undefined || above === undefined) return false;
  // One that is closing too hands on what it gets, and one that is overdrawn changes those above it.
  if (above.closing || !same(above.overdraft, noFigures)) return true;
  // At most what it spent and what it handed down goes up.
  const { spent, allotment } = budgetAt(above, timeMs);
  const atMost = plus(spent, plus(top.spent, top.carved));
  return reaches(atMost, { percent: fixedLimits.warnPercent, of: allotment });
}
