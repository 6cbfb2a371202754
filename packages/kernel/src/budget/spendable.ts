/** Whether a principal may book on a budget, or hand part of it down. */
import type { Moment } from "../decision.ts";
import type { BudgetId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { PlainRefusal } from "../refusal.ts";
import type { LiveState } from "../state/live-state.ts";
import { shortage } from "./accounts.ts";
import { budgetAt } from "./booking.ts";
import type { Figures } from "./figures.ts";

/**
 * Whether amounts may not be reserved on a budget.
 *
 * @param state in which it lives
 * @param options the budget, the amounts wanted, and who asks when
 * @returns the refusal, or undefined
 */
export function spendable(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly wanted: Figures; readonly moment: Moment },
): PlainRefusal | undefined {
  const { budget: id, wanted, moment } = options;
  const budget = state.budgets.get(id);
  if (budget === undefined || budget.holder !== moment.stamp.principal) return { code: "budget_not_held", budget: id };
  if (budget.closing) return { code: "budget_closing", budget: id };
  const short = shortage(budgetAt(budget, moment.timeMs), wanted);
  return short === undefined ? undefined : { code: "budget_exhausted", ...short };
}

/**
 * Whether the tree of budgets may not grow below a budget.
 *
 * @returns the refusal when 16 levels are reached, or undefined
 */
export function carvable(state: LiveState, budget: BudgetId): PlainRefusal | undefined {
  let levels = 0;
  for (let id: BudgetId | null = budget; id !== null; id = state.budgets.get(id)?.parent ?? null) levels += 1;
  const max = fixedLimits.budgetDepthMax;
  return levels < max ? undefined : { code: "limit_reached", limit: "budgetDepthMax", max };
}
