/**
 * `budget.close`: nothing new is booked on a budget and those below it; when the last effect is settled, what is unspent
 * goes back up.
 */
import { accountsMayWarn } from "../budget/accounts.ts";
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, denied, type Moment, type OperationKind, refuse } from "../decision.ts";
import { type BudgetId, genesisIds } from "../ids.ts";
import type { Budget } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Closes a budget and all below it. */
export interface BudgetClose {
  readonly type: "budget.close";
  readonly budget: BudgetId;
}

/** How it is read and decided. */
export const budgetClose: OperationKind<BudgetClose> = {
  shape: record<BudgetClose>({ type: oneOf("budget.close"), budget: id("budget") }),
  mayWarnAbove: (state, { budget }, { timeMs }) => accountsMayWarn(state, { budgets: [budget], timeMs }),
  decide: (state, { budget: id }, moment) => {
    const budget = state.budgets.get(id);
    if (budget === undefined || !mayClose(state, { budget, moment })) {
      return refuse({ code: "budget_not_held", budget: id });
    }
    if (id === genesisIds.rootBudget) return refuse({ code: "budget_is_root", budget: id });
    if (budget.closing) return refuse({ code: "budget_closing", budget: id });
    return accept({ type: "budget.closed", schema: 1, budget: id });
  },
};

// Its holder, the holder of the one above, or for a top budget whoever may make them.
function mayClose(state: LiveState, { budget, moment }: { budget: Budget; moment: Moment }): boolean {
  const { principal } = moment.stamp;
  if (budget.holder === principal) return true;
  if (budget.parent === null) return denied(state, { moment, permission: "budget.allot:*" }) === undefined;
  return state.budgets.get(budget.parent)?.holder === principal;
}
