/**
 * `budget.close`: nothing new is booked on a budget and those below it; when the last effect is settled, what is unspent
 * goes back up.
 */
import type { BudgetId } from "../ids.ts";

/** Closes a budget and all below it. */
export interface BudgetClose {
  readonly type: "budget.close";
  readonly budget: BudgetId;
}
