/** What a request holds, what a settlement books, what a budget lacks, and when its holder is warned. */
import type { BudgetWarned } from "../events/budget.ts";
import { fixedLimits } from "../limits.ts";
import type { Budget, EffectKind } from "../state/entities.ts";
import { amountKinds, type AmountKind, type Amounts } from "./amounts.ts";
import { availableOf, suffices } from "./booking.ts";
import { figuresOf, reaches, share, type Figures } from "./figures.ts";

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
export function warningsOf(budget: Budget): readonly BudgetWarned[] {
  const { id, spent, allotment, warned } = budget;
  const threshold = share(allotment, fixedLimits.warnPercent);
  const warnings: BudgetWarned[] = [];
  if (!reaches(spent, threshold)) return warnings;
  for (const kind of amountKinds) {
    if (allotment[kind] === 0 || spent[kind] < threshold[kind] || warned.includes(kind)) continue;
    const amounts = { spent: spent[kind], allotment: allotment[kind] };
    warnings.push({ type: "budget.warned", schema: 1, budget: id, dimension: kind, ...amounts });
  }
  return warnings;
}
