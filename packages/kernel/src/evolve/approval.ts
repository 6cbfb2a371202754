/** What events of approvals do to the state. */
import { drain, giveBack } from "../budget/booking.ts";
import type { ApprovalEvent, ApprovalRequested } from "../events/approval.ts";
import type { Effect, StepState } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";
import { putRequested } from "./effect.ts";
import { setStep } from "./task.ts";

/** Applies an event of approvals. */
export function evolveApproval(state: LiveState, event: ApprovalEvent, cause: Cause): void {
  switch (event.type) {
    case "approval.requested":
      return requested(state, event, cause);
    case "approval.allowed":
      return allowed(state, rowOf(state.effects, event.effect), cause);
    case "approval.denied":
      return refused(state, { effect: rowOf(state.effects, event.effect), code: "approval_denied", cause });
    case "approval.expired":
      return refused(state, { effect: rowOf(state.effects, event.effect), code: "approval_expired", cause });
  }
}

function requested(state: LiveState, event: ApprovalRequested, cause: Cause): void {
  const approval = { policy: event.policy, deadlineMs: event.deadlineMs, by: null };
  putRequested(state, { event, cause, status: "awaiting", approval });
}

function allowed(state: LiveState, effect: Effect, { stamp, position, timeMs }: Cause): void {
  const by = { principal: stamp.principal, position };
  const approval = effect.approval === null ? null : { ...effect.approval, by };
  state.table.effects.put({ ...effect, status: "requested", approval });
  waited(state, { effect, timeMs });
  answerStep(state, effect, { status: "requested", effect: effect.id, result: null, code: null });
}

function refused(
  state: LiveState,
  options: { readonly effect: Effect; readonly code: string; readonly cause: Cause },
): void {
  const { effect, code, cause } = options;
  const { timeMs } = cause;
  giveBack(state, { budget: effect.budget, timeMs, held: effect.reserve });
  state.table.effects.drop(effect.id);
  drain(state, { budget: effect.budget, timeMs });
  waited(state, { effect, timeMs });
  answerStep(state, effect, { status: "refused", effect: null, result: null, code });
}

function answerStep(state: LiveState, { task, step }: Effect, to: StepState): void {
  if (task !== null && step !== null) setStep(state, { task, step, to });
}

// A person may take hours: that time is not the task's.
function waited(state: LiveState, { effect, timeMs }: { readonly effect: Effect; readonly timeMs: number }): void {
  const task = effect.task === null ? undefined : state.tasks.get(effect.task);
  if (task === undefined || task.startedAtMs === null) return;
  const sinceMs = Math.max(effect.requestedAtMs, task.startedAtMs);
  state.table.tasks.replace(task, { ...task, startedAtMs: task.startedAtMs + timeMs - sinceMs });
}
