/**
 * The books: how amounts move between a budget and those above it. Nothing is created, nothing is lost.
 *
 * At each budget and kind, overdraft = max(0, spent + reserved + carved - allotment), and a budget's carved is the sum of
 * allotment + overdraft of those below. So what a budget overdraws stands in the one above, up to the top, and vanishes by itself
 * when reservations are given back.
 * Source: docs/decisions/0003-budgets.md.
 */
import type { BudgetWarned } from "../events/budget.ts";
import { fault } from "../failure.ts";
import type { BudgetId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { Budget, EffectKind } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { addAmounts, amountKinds, amountOf, amountsBy, isNothing, lessAmounts, noAmounts } from "./amounts.ts";
import type { AmountKind, Amounts } from "./amounts.ts";

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
  const spent = amountsBy((kind) => (kind === "storedBytes" ? amountOf(budget.spent, kind) : 0));
  return balanced({ ...budget, spent, warned: [], window: { lengthMs: window.lengthMs, startMs } });
}

/**
 * What can still be reserved or handed down.
 *
 * @param budget as it stands now, see `budgetAt`
 * @returns the amount, at least 0
 */
export function availableOf(budget: Budget, kind: AmountKind): number {
  const used = amountOf(budget.spent, kind) + amountOf(budget.reserved, kind) + amountOf(budget.carved, kind);
  return Math.max(0, amountOf(budget.allotment, kind) - used);
}

/**
 * The first kind of which more is wanted than a budget has.
 *
 * @returns what runs out, or undefined when all is available
 */
export function shortage(
  budget: Budget,
  wanted: Amounts,
): { readonly dimension: AmountKind; readonly available: number; readonly wanted: number } | undefined {
  for (const kind of amountKinds) {
    const amount = amountOf(wanted, kind);
    if (amount === 0) continue;
    const available = availableOf(budget, kind);
    if (amount > available) return { dimension: kind, available, wanted: amount };
  }
  return undefined;
}

/**
 * What a request reserves: as asked, but of tool calls exactly the one that it is, or none.
 *
 * @param kind of the effect
 * @param asked the amounts asked for
 * @returns canonical amounts
 */
export function reserveOf(kind: EffectKind, asked: Amounts): Amounts {
  const calls = kind === "tool" ? 1 : 0;
  return amountsBy((which) => (which === "toolCalls" ? calls : amountOf(asked, which)));
}

/**
 * What a settlement books: as measured, but for tool calls, which are booked as reserved, and memory, which is given back.
 *
 * @param usage measured
 * @param reserve what was held
 * @returns what becomes spent
 */
export function bookedOf(usage: Amounts, reserve: Amounts): Amounts {
  return amountsBy((kind) => {
    if (kind === "memoryBytes") return 0;
    return amountOf(kind === "toolCalls" ? reserve : usage, kind);
  });
}

/** Adds a budget; one below another is carved out of it. */
export function openBudget(state: LiveState, budget: Budget): void {
  state.table.budgets.put(budget);
  passUp(state, { parent: budget.parent, before: noAmounts, after: budget.allotment });
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
  const stored = state.budgets.get(options.budget);
  if (stored === undefined) return fault(`the budget ${options.budget} is gone`);
  const next = balanced(options.change(budgetAt(stored, options.timeMs)));
  state.table.budgets.put(next);
  if (stored.parent !== null && (stored.allotment !== next.allotment || stored.overdraft !== next.overdraft)) {
    passUp(state, { parent: stored.parent, before: handedTo(stored), after: handedTo(next) });
  }
}

/** Holds amounts for an effect. */
export function reserve(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly timeMs: number; readonly amounts: Amounts },
): void {
  const { budget, timeMs, amounts } = options;
  changeBudget(state, { budget, timeMs, change: (now) => ({ ...now, reserved: addAmounts(now.reserved, amounts) }) });
}

/** Gives back what an effect held and books what it used. */
export function book(
  state: LiveState,
  options: { readonly budget: BudgetId; readonly timeMs: number; readonly held: Amounts; readonly booked: Amounts },
): void {
  const { budget, timeMs, held, booked } = options;
  changeBudget(state, {
    budget,
    timeMs,
    change: (now) => ({ ...now, spent: plusSpent(now.spent, booked), reserved: lessAmounts(now.reserved, held) }),
  });
}

/** Takes out a closing budget that nothing hangs on any more, hands its account up, and so on upwards. */
export function drain(state: LiveState, options: { readonly budget: BudgetId; readonly timeMs: number }): void {
  const { timeMs } = options;
  for (let id: BudgetId | null = options.budget; id !== null;) {
    const stored = state.budgets.get(id);
    if (stored === undefined || !stored.closing) return;
    if (state.index.effectsOnBudget.of(id).size > 0 || state.index.budgetsBelow.of(id).size > 0) return;
    const { parent } = stored;
    state.table.budgets.drop(id);
    if (parent !== null) {
      const { spent } = budgetAt(stored, timeMs);
      changeBudget(state, {
        budget: parent,
        timeMs,
        change: (now) => ({
          ...now,
          spent: plusSpent(now.spent, spent),
          carved: lessAmounts(now.carved, handedTo(stored)),
        }),
      });
    }
    id = parent;
  }
}

/**
 * What the holder of a budget is to be warned of: the kinds of which most is spent, once each.
 *
 * @param budget as it stands after booking
 * @returns the events, in canonical order of kinds
 */
export function warningsOf(budget: Budget): readonly BudgetWarned[] {
  const warnings: BudgetWarned[] = [];
  for (const kind of amountKinds) {
    const allotment = amountOf(budget.allotment, kind);
    const spent = amountOf(budget.spent, kind);
    if (allotment === 0 || budget.warned.includes(kind)) continue;
    if (spent < Math.ceil((allotment / 100) * fixedLimits.warnPercent)) continue;
    warnings.push({ type: "budget.warned", schema: 1, budget: budget.id, dimension: kind, spent, allotment });
  }
  return warnings;
}

/**
 * Adds to what is spent.
 *
 * @returns the sums, held below 2^52: far beyond any allotment, and still exact
 */
export function plusSpent(spent: Amounts, booked: Amounts): Amounts {
  if (isNothing(booked)) return spent;
  return amountsBy((kind) => Math.min(spentMax, amountOf(spent, kind) + amountOf(booked, kind)));
}

function balanced(budget: Budget): Budget {
  const { allotment, spent, reserved, carved, overdraft } = budget;
  let same = true;
  for (const kind of amountKinds) {
    const beyond =
      amountOf(spent, kind) + amountOf(reserved, kind) + amountOf(carved, kind) - amountOf(allotment, kind);
    if (Math.max(0, beyond) !== amountOf(overdraft, kind)) same = false;
  }
  if (same) return budget;
  return {
    ...budget,
    overdraft: amountsBy((kind) => {
      const used = amountOf(spent, kind) + amountOf(reserved, kind) + amountOf(carved, kind);
      return Math.max(0, used - amountOf(allotment, kind));
    }),
  };
}

function handedTo(budget: Budget): Amounts {
  return addAmounts(budget.allotment, budget.overdraft);
}

function passUp(
  state: LiveState,
  { parent, before, after }: { readonly parent: BudgetId | null; readonly before: Amounts; readonly after: Amounts },
): void {
  if (parent === null) return;
  const above = state.budgets.get(parent);
  if (above === undefined) return fault(`the budget ${parent} is gone`);
  // The time of the budget above stays as stored: only its own bookings move its window on.
  const carved = addAmounts(lessAmounts(above.carved, before), after);
  const next = balanced({ ...above, carved });
  state.table.budgets.put(next);
  if (next.overdraft !== above.overdraft) {
    passUp(state, { parent: above.parent, before: handedTo(above), after: handedTo(next) });
  }
}

const spentMax = 4_503_599_627_370_496;
