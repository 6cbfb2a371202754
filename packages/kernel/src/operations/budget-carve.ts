/** `budget.carve`: the holder of a budget hands part of what is available to another principal. */
import type { Amounts } from "../budget/amounts.ts";
import type { BudgetId, PrincipalId } from "../ids.ts";

/** Makes a budget below another, with the same window. */
export interface BudgetCarve {
  readonly type: "budget.carve";
  readonly parent: BudgetId;
  readonly holder: PrincipalId;
  readonly amounts: Amounts;
}
