/**
 * The books: how amounts move between a budget and those above it. Nothing is created, nothing is lost.
 *
 * At each budget and kind, overdraft = max(0, spent + reserved + carved - allotment), and a budget's carved is the sum of
 * allotment + overdraft of those below. So what a budget overdraws stands in the one above, up to the top, and vanishes by itself
 * when reservations are given back.
 * Source: docs/decisions/0003-budgets.md.
 */
import { fault } from "../failure.ts";
import type { BudgetId } from "../ids.ts";
import type { Budget } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import type { AmountKind, Amounts } from "./amounts.ts";
import { figuresOf, less, noFigures, plus, same, within, type Figures } from "./figures.ts";

/**
 * A budget as it stands at a time: in a new window, what was spent in the last one no longer counts.
 *
 * @param budget as stored
 * @param timeMs effective time
 * @returns the same budget, or one with its window moved on
 */
export function budgetAt(budget: Budget, timeMs: number): Budget {
  const { window } = budget;
  if (window === null || timeMs < window.startMs + window.lengthMs) return budget;
  const startMs = timeMs - ((timeMs - window.startMs) % window.lengthMs);
  // Stored bytes are still stored; only flows begin anew.
  const spent = { ...noFigures, storedBytes: budget.spent.storedBytes };
  return balanced({ ...budget, spent, warned: [], window: { lengthMs: window.lengthMs, startMs } });
}

/**
 * What can still be reserved or handed down.
 *
 * @param budget as it stands now, see `budgetAt`
 * @returns the amount, at least 0
 */
export function availableOf(budget: Budget, kind: AmountKind): number {
  return less(budget.allotment, usedOf(budget))[kind];
}

/**
 * Whether a budget has what is wanted.
 *
 * @param budget as it stands now, see `budgetAt`
 * @returns true when every kind is available
 */
export function suffices(budget: Budget, wanted: Figures): boolean {
  return fits(budget, wanted) || within(wanted, less(budget.allotment, usedOf(budget)));
}

/** Adds a budget; one below another is carved out of it. */
export function openBudget(
  state: LiveState,
  budget: Pick<Budget, "id" | "holder" | "parent" | "window"> & { readonly amounts: Amounts },
): void {
  const { id, holder, parent, amounts, window } = budget;
  const allotment = figuresOf(amounts);
  state.table.budgets.put({
    id,
    holder,
    parent,
    allotment,
    spent: noFigures,
    reserved: noFigures,
    carved: noFigures,
    overdraft: noFigures,
    window,
    warned: [],
    closing: false,
  });
  passUp(state, { parent, before: noFigures, after: allotment });
}

/**
 * Changes a budget and carries a changed overdraft up.
 *
 * @param state in which it lives
 * @param options the budget, the effective time, and the change to it as it then stands
 */
export function changeBudget(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly timeMs: number; readonly change: (budget: Budget) => Budget },
): void {
  const stored = budgetOf(state, options.budget);
  replace(state, { stored, next: options.change(budgetAt(stored, options.timeMs)) });
}

/** Holds amounts for an effect. */
export function reserve(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly timeMs: number; readonly held: Figures },
): void {
  const stored = budgetOf(state, options.budget);
  const now = budgetAt(stored, options.timeMs);
  replace(state, { stored, next: { ...now, reserved: plus(now.reserved, options.held) } });
}

/** Gives back what an effect held that is not performed. */
export function giveBack(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly timeMs: number; readonly held: Figures },
): void {
  book(state, { ...options, booked: noFigures });
}

/** Gives back what an effect held and books what it used. */
export function book(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly timeMs: number; readonly held: Figures; readonly booked: Figures },
): void {
  const { held, booked } = options;
  const stored = budgetOf(state, options.budget);
  const now = budgetAt(stored, options.timeMs);
  replace(state, { stored, next: { ...now, spent: plus(now.spent, booked), reserved: less(now.reserved, held) } });
}

/** Takes out a closing budget that nothing hangs on any more, hands its account up, and so on upwards. */
export function drain(state: LiveState, options: { readonly budget: BudgetId; readonly timeMs: number }): void {
  const { timeMs } = options;
  for (let id: BudgetId | null = options.budget; id !== null;) {
    const stored = state.budgets.get(id);
    if (stored === undefined || !stored.closing) return;
    if (state.index.effectsOnBudget.count(id) > 0 || state.index.budgetsBelow.count(id) > 0) return;
    const { parent } = stored;
    state.table.budgets.drop(id);
    if (parent !== null) takeOver(state, { parent, drained: stored, timeMs });
    id = parent;
  }
}

function takeOver(
  state: LiveState,
  { parent, drained, timeMs }: { readonly parent: BudgetId; readonly drained: Budget; readonly timeMs: number },
): void {
  const { spent } = budgetAt(drained, timeMs);
  const handed = handedTo(drained);
  const change = (now: Budget): Budget => ({ ...now, spent: plus(now.spent, spent), carved: less(now.carved, handed) });
  changeBudget(state, { budget: parent, timeMs, change });
}

function budgetOf(state: LiveState, id: BudgetId): Budget {
  return state.budgets.get(id) ?? fault(`the budget ${id} is gone`);
}

function replace(state: LiveState, { stored, next }: { readonly stored: Budget; readonly next: Budget }): void {
  const row = balanced(next);
  state.table.budgets.replace(stored, row);
  if (stored.allotment !== row.allotment || stored.overdraft !== row.overdraft) {
    passUp(state, { parent: stored.parent, before: handedTo(stored), after: handedTo(row) });
  }
}

function balanced(budget: Budget): Budget {
  const overdraft = fits(budget, noFigures) ? noFigures : less(usedOf(budget), budget.allotment);
  return same(overdraft, budget.overdraft) ? budget : { ...budget, overdraft };
}

// Nearly always a budget has what is wanted of it: this says so without writing figures down. Its sums are not held at 2^52, so that
// a no is no answer yet.
function fits({ allotment, spent, reserved, carved }: Budget, wanted: Figures): boolean {
  return (
    spent.tokens + reserved.tokens + carved.tokens + wanted.tokens <= allotment.tokens &&
    spent.moneyMicro + reserved.moneyMicro + carved.moneyMicro + wanted.moneyMicro <= allotment.moneyMicro &&
    spent.cpuMs + reserved.cpuMs + carved.cpuMs + wanted.cpuMs <= allotment.cpuMs &&
    spent.wallMs + reserved.wallMs + carved.wallMs + wanted.wallMs <= allotment.wallMs &&
    spent.toolCalls + reserved.toolCalls + carved.toolCalls + wanted.toolCalls <= allotment.toolCalls &&
    spent.networkBytes + reserved.networkBytes + carved.networkBytes + wanted.networkBytes <= allotment.networkBytes &&
    spent.memoryBytes + reserved.memoryBytes + carved.memoryBytes + wanted.memoryBytes <= allotment.memoryBytes &&
    spent.storedBytes + reserved.storedBytes + carved.storedBytes + wanted.storedBytes <= allotment.storedBytes
  );
}

function usedOf({ spent, reserved, carved }: Budget): Figures {
  return plus(plus(spent, reserved), carved);
}

function handedTo({ allotment, overdraft }: Budget): Figures {
  return plus(allotment, overdraft);
}

function passUp(
  state: LiveState,
  { parent, before, after }: { readonly parent: BudgetId | null; readonly before: Figures; readonly after: Figures },
): void {
  if (parent === null) return;
  const above = budgetOf(state, parent);
  // The window of the budget above stays as stored: only its own bookings move it on.
  const next = balanced({ ...above, carved: plus(less(above.carved, before), after) });
  state.table.budgets.replace(above, next);
  if (next.overdraft !== above.overdraft) {
    passUp(state, { parent: above.parent, before: handedTo(above), after: handedTo(next) });
  }
}
