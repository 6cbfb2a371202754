/** `budget.top-up`: adds to a budget what its parent has available, or to a top budget from nothing. */
import type { Amounts } from "../budget/amounts.ts";
import type { BudgetId } from "../ids.ts";

/** Adds to a budget's allotment. */
export interface BudgetTopUp {
  readonly type: "budget.top-up";
  readonly budget: BudgetId;
  readonly amounts: Amounts;
}
