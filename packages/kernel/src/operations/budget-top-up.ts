/** `budget.top-up`: adds to a budget what its parent has available, or to a top budget from nothing. */
import { amountKinds, amountOf, type Amounts } from "../budget/amounts.ts";
import { figuresOf } from "../budget/figures.ts";
import { spendable } from "../budget/spendable.ts";
import { oneOf, record } from "../codec/shape.ts";
import { amounts, id } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import type { BudgetId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Adds to a budget's allotment. */
export interface BudgetTopUp {
  readonly type: "budget.top-up";
  readonly budget: BudgetId;
  readonly amounts: Amounts;
}

/** How it is read and decided. */
export const budgetTopUp: OperationKind<BudgetTopUp> = {
  shape: record<BudgetTopUp>({ type: oneOf("budget.top-up"), budget: id("budget"), amounts }),
  decide: (state, { budget: id, amounts: added }, moment) => {
    const budget = state.budgets.get(id);
    if (budget === undefined) return refuse({ code: "budget_not_held", budget: id });
    const no =
      budget.parent === null
        ? denied(state, { moment, permission: "budget.allot:*" })
        : spendable(state, { budget: budget.parent, wanted: figuresOf(added), moment });
    if (no !== undefined) return refuse(no);
    if (budget.closing) return refuse({ code: "budget_closing", budget: id });
    const max = fixedLimits.allotmentMax;
    for (const kind of amountKinds) {
      if (amountOf(budget.allotment, kind) + amountOf(added, kind) > max) {
        return refuse({ code: "limit_reached", limit: "allotmentMax", max });
      }
    }
    return accept({ type: "budget.topped-up", schema: 1, budget: id, amounts: added });
  },
};
