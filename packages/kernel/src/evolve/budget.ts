/** What events of budgets do to the state. */
import type { Amounts } from "../budget/amounts.ts";
import { budgetAt, changeBudget, drain, openBudget } from "../budget/booking.ts";
import { figuresOf, plus } from "../budget/figures.ts";
import type { BudgetEvent } from "../events/budget.ts";
import type { BudgetId, PrincipalId } from "../ids.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of budgets. */
export function evolveBudget(state: LiveState, event: BudgetEvent, cause: Cause): void {
  const { timeMs } = cause;
  switch (event.type) {
    case "budget.allotted": {
      const { holder, amounts } = askedFor(cause, "budget.allot");
      return openBudget(state, { id: event.budget, holder, parent: null, amounts, window: event.window });
    }
    case "budget.carved": {
      const { parent, holder, amounts } = askedFor(cause, "budget.carve");
      return carveBudget(state, { budget: event.budget, parent, holder, amounts, timeMs });
    }
    case "budget.topped-up":
      return changeBudget(state, {
        budget: event.budget,
        timeMs,
        change: (budget) => ({ ...budget, allotment: plus(budget.allotment, figuresOf(event.amounts)), warned: [] }),
      });
    case "budget.closed":
      return closeBudget(state, { budget: event.budget, timeMs });
    case "budget.warned":
      return changeBudget(state, {
        budget: event.budget,
        timeMs,
        change: (budget) => ({ ...budget, warned: [...budget.warned, event.dimension] }),
      });
  }
}

/** Makes a budget below another, with that one's window. */
export function carveBudget(
  state: LiveState,
  options: {
    readonly budget: BudgetId;
    readonly parent: BudgetId;
    readonly holder: PrincipalId;
    readonly amounts: Amounts;
    readonly timeMs: number;
  },
): void {
  const { parent, timeMs } = options;
  // Its window begins with that of the budget above, which is moved on first.
  const stored = rowOf(state.budgets, parent);
  const now = budgetAt(stored, timeMs);
  if (now !== stored) changeBudget(state, { budget: parent, timeMs, change: (budget) => budget });
  openBudget(state, {
    id: options.budget,
    holder: options.holder,
    parent,
    amounts: options.amounts,
    window: now.window,
  });
}

/** Closes a budget and all below it, and drains those that nothing hangs on. */
export function closeBudget(
  state: LiveState,
  { budget, timeMs }: { readonly budget: BudgetId; readonly timeMs: number },
): void {
  changeBudget(state, { budget, timeMs, change: (now) => ({ ...now, closing: true }) });
  for (const below of state.index.budgetsBelow.idsOf(budget)) {
    closeBudget(state, { budget: below, timeMs });
  }
  drain(state, { budget, timeMs });
}
