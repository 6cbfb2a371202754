/**
 * `budget.allot`: makes a new top budget. Only this, the vault's opening and a top-up of a top budget bring amounts into
 * the vault.
 */
import type { Amounts } from "../budget/amounts.ts";
import { integer, oneOf, optional, record } from "../codec/shape.ts";
import { amounts, id } from "../codec/shapes.ts";
import { accept, denied, full, type OperationKind, refuse } from "../decision.ts";
import type { PrincipalId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Makes a top budget. */
export interface BudgetAllot {
  readonly type: "budget.allot";
  readonly holder: PrincipalId;
  readonly amounts: Amounts;
  /** Flows are counted anew in each window; absent for a lifetime budget. */
  readonly window?: { readonly lengthMs: number };
}

/** How it is read and decided. */
export const budgetAllot: OperationKind<BudgetAllot> = {
  shape: record<BudgetAllot>({
    type: oneOf("budget.allot"),
    holder: id("principal"),
    amounts,
    window: optional(
      record<{ readonly lengthMs: number }>({ lengthMs: integer(fixedLimits.windowMsMin, fixedLimits.windowMsMax) }),
    ),
  }),
  decide: (state, { holder, window }, moment) => {
    const no = denied(state, { moment, permission: "budget.allot:*" });
    if (no !== undefined) return refuse(no);
    if (!state.principals.has(holder)) return refuse({ code: "holder_unknown", principal: holder });
    const over = full("budgetsMax", { state, count: state.budgets.size });
    if (over !== undefined) return refuse(over);
    return accept({
      type: "budget.allotted",
      schema: 1,
      budget: moment.fresh("budget"),
      holder,
      window: window === undefined ? null : { lengthMs: window.lengthMs, startMs: moment.timeMs },
    });
  },
};
