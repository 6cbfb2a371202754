/** `approval.expire`: nobody answered about an effect in time, so it is refused. Host only: it has a clock and nothing to gain. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { EffectId } from "../ids.ts";

/** Refuses an effect whose approval is overdue. */
export interface ApprovalExpire {
  readonly type: "approval.expire";
  readonly effect: EffectId;
}

/** How it is read and decided. */
export const approvalExpire: OperationKind<ApprovalExpire> = {
  shape: record<ApprovalExpire>({ type: oneOf("approval.expire"), effect: id("effect") }),
  hostOnly: true,
  mayWarnAbove: () => true,
  decide: (state, { effect: id }, moment) => {
    const effect = state.effects.get(id);
    if (effect === undefined) return refuse({ code: "effect_unknown", effect: id });
    const { agent, task, step, approval } = effect;
    if (effect.status !== "awaiting" || approval === null) return refuse({ code: "approval_not_awaited", effect: id });
    const { deadlineMs } = approval;
    if (moment.timeMs < deadlineMs) return refuse({ code: "approval_not_due", deadlineMs });
    return accept({ type: "approval.expired", schema: 1, effect: id, agent, task, step });
  },
};
