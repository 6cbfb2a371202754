/** `effect.settle`: the host says what came of an effect and what it used. Host only: nobody settles his own effect. */
import type { Amounts } from "../budget/amounts.ts";
import { bookedOf, warningsOf } from "../budget/accounts.ts";
import { budgetAt } from "../budget/booking.ts";
import { amountsOf, figuresOf, less, noFigures, plus, type Figures } from "../budget/figures.ts";
import { integer, nullable, oneOf, record } from "../codec/shape.ts";
import { amounts, content, id, shortText } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, type Moment, type OperationKind, refuse } from "../decision.ts";
import type { BudgetWarned } from "../events/budget.ts";
import type { EffectOwed, EffectSettled } from "../events/effect.ts";
import type { EffectId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { EffectOutcome } from "../reasons.ts";
import type { Budget, Effect } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Settles an effect. With outcome unknown it stays, owed, until somebody knows. */
export interface EffectSettle {
  readonly type: "effect.settle";
  readonly effect: EffectId;
  readonly outcome: EffectOutcome;
  /** Exit code or the name of the limit that was hit. */
  readonly code: string | null;
  readonly result: Content | null;
  /** Measured. */
  readonly usage: Amounts;
  /** Manifest of the changed files. */
  readonly changes: Content | null;
  /** How many files changed. */
  readonly changed: number;
}

/** How it is read and decided. */
export const effectSettle: OperationKind<EffectSettle> = {
  shape: record<EffectSettle>({
    type: oneOf("effect.settle"),
    effect: id("effect"),
    outcome: oneOf("succeeded", "failed", "timed-out", "limit", "aborted", "conflict", "unknown"),
    code: nullable(shortText),
    result: nullable(content),
    usage: amounts,
    changes: nullable(content),
    changed: integer(0, fixedLimits.contentBytesMax),
  }),
  hostOnly: true,
  mayWarnAbove: (state, operation) => budgetOf(state, operation)?.closing ?? false,
  decide: (state, operation, moment) => {
    const { effect: id, outcome, usage } = operation;
    const effect = state.effects.get(id);
    if (effect === undefined) return refuse({ code: "effect_unknown", effect: id });
    if (outcome === "unknown" && effect.status === "owed") return refuse({ code: "effect_owed", effect: id });
    if (effect.status === "awaiting" && outcome !== "aborted") return refuse({ code: "approval_pending", effect: id });
    if (mustStart(effect) && outcome !== "aborted" && outcome !== "failed") {
      return refuse({ code: "effect_not_started", effect: id });
    }
    const { agent, task, step } = effect;
    const figures = bookedNow(effect, outcome === "unknown" ? effect.reserve : figuresOf(usage));
    const warnings = warned(state, { effect, booked: figures, moment });
    const booked = amountsOf(figures);
    const settled: EffectOwed | EffectSettled =
      outcome === "unknown"
        ? { type: "effect.owed", schema: 1, effect: id, agent, task, step, booked }
        : { type: "effect.settled", schema: 1, effect: id, agent, task, step, outcome, booked };
    return warnings.length === 0 ? accept(settled) : accept(settled, ...warnings);
  },
};

// Nobody can have seen what came of something that was never begun.
function mustStart({ sideEffect, status }: Effect): boolean {
  return status === "requested" && (sideEffect === "external" || sideEffect === "privileged");
}

// What an owed effect was presumed to have used is spent already: only what goes beyond it is booked.
function bookedNow(effect: Effect, usage: Figures): Figures {
  // What waits for an approval was not even begun.
  if (effect.status === "awaiting") return noFigures;
  if (effect.status !== "owed") return bookedOf(usage, effect.reserve);
  return bookedOf(less(usage, effect.presumed), noFigures);
}

function budgetOf(state: LiveState, { effect: id }: EffectSettle): Budget | undefined {
  const effect = state.effects.get(id);
  return effect === undefined ? undefined : state.budgets.get(effect.budget);
}

// A closing budget hands its account up when it is drained; what that warns of is found by trying.
function warned(
  state: LiveState,
  { effect, booked, moment }: { effect: Effect; booked: Figures; moment: Moment },
): readonly BudgetWarned[] {
  const stored = state.budgets.get(effect.budget);
  if (stored === undefined || stored.closing) return [];
  const now = budgetAt(stored, moment.timeMs);
  return warningsOf({ id: now.id, spent: plus(now.spent, booked), allotment: now.allotment, warned: now.warned });
}
