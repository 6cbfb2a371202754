/** Events of budgets. What an event leaves out stands in the operation of the same entry. */
import type { AmountKind, Amounts } from "../budget/amounts.ts";
import type { BudgetId, PrincipalId } from "../ids.ts";
import type { BudgetWindow } from "../state/entities.ts";

/** A top budget exists; its first window, if any, starts here. */
export interface BudgetAllotted {
  readonly type: "budget.allotted";
  readonly schema: 1;
  readonly budget: BudgetId;
  readonly holder: PrincipalId;
  readonly window: BudgetWindow | null;
}

/** A budget exists below another. */
export interface BudgetCarved {
  readonly type: "budget.carved";
  readonly schema: 1;
  readonly budget: BudgetId;
  readonly parent: BudgetId;
  readonly holder: PrincipalId;
}

/** An allotment grew by these amounts. */
export interface BudgetToppedUp {
  readonly type: "budget.topped-up";
  readonly schema: 1;
  readonly budget: BudgetId;
  readonly amounts: Amounts;
}

/** A budget and those below it take nothing new. */
export interface BudgetClosed {
  readonly type: "budget.closed";
  readonly schema: 1;
  readonly budget: BudgetId;
}

/** A budget has spent most of one kind: a warning before it runs out. */
export interface BudgetWarned {
  readonly type: "budget.warned";
  readonly schema: 1;
  readonly budget: BudgetId;
  readonly dimension: AmountKind;
  readonly spent: number;
  readonly allotment: number;
}

/** The events of this area. */
export type BudgetEvent = BudgetAllotted | BudgetCarved | BudgetToppedUp | BudgetClosed | BudgetWarned;
