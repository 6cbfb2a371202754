/** `budget.carve`: the holder of a budget hands part of what is available to another principal. */
import type { Amounts } from "../budget/amounts.ts";
import { figuresOf } from "../budget/figures.ts";
import { carvable, spendable } from "../budget/spendable.ts";
import { oneOf, record } from "../codec/shape.ts";
import { amounts, id } from "../codec/shapes.ts";
import { accept, full, type OperationKind, refuse } from "../decision.ts";
import type { BudgetId, PrincipalId } from "../ids.ts";

/** Makes a budget below another, with the same window. */
export interface BudgetCarve {
  readonly type: "budget.carve";
  readonly parent: BudgetId;
  readonly holder: PrincipalId;
  readonly amounts: Amounts;
}

/** How it is read and decided. */
export const budgetCarve: OperationKind<BudgetCarve> = {
  shape: record<BudgetCarve>({ type: oneOf("budget.carve"), parent: id("budget"), holder: id("principal"), amounts }),
  decide: (state, { parent, holder, amounts: wanted }, moment) => {
    const no = spendable(state, { budget: parent, wanted: figuresOf(wanted), moment });
    if (no !== undefined) return refuse(no);
    if (!state.principals.has(holder)) return refuse({ code: "holder_unknown", principal: holder });
    const over = carvable(state, parent) ?? full("budgetsMax", { state, count: state.budgets.size });
    if (over !== undefined) return refuse(over);
    return accept({ type: "budget.carved", schema: 1, budget: moment.fresh("budget"), parent, holder });
  },
};
