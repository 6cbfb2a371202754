/**
 * `budget.allot`: makes a new top budget. Only this, the vault's opening and a top-up of a top budget bring amounts into
 * the vault.
 */
import type { Amounts } from "../budget/amounts.ts";
import type { PrincipalId } from "../ids.ts";

/** Makes a top budget. */
export interface BudgetAllot {
  readonly type: "budget.allot";
  readonly holder: PrincipalId;
  readonly amounts: Amounts;
  /** Flows are counted anew in each window; absent for a lifetime budget. */
  readonly window?: { readonly lengthMs: number };
}
