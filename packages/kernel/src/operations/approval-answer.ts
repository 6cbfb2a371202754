/**
 * `approval.answer`: somebody allows or denies an effect that waits for it.
 *
 * Whoever asked for the effect, or has from who did what he would answer with, cannot; and an answer that allows repeats what exactly
 * will run, so that nobody allows something else than was shown.
 * Source: docs/decisions/0018-approvals.md.
 */
import { answerPermission, type Binding, bindingOf, isRequesters, permits, toolChanged } from "../approvals.ts";
import { grantIsLive } from "../authority/authorises.ts";
import { list, nullable, oneOf, record } from "../codec/shape.ts";
import { digest, id, permission, shortText } from "../codec/shapes.ts";
import { accept, grantAsked, type Moment, type OperationKind, refuse } from "../decision.ts";
import type { EffectId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import { refTo, rulingOn } from "../policies.ts";
import type { PlainRefusal } from "../refusal.ts";
import type { Effect, EffectApproval } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Answers about an effect. */
export interface ApprovalAnswer {
  readonly type: "approval.answer";
  readonly effect: EffectId;
  readonly answer: "allow" | "deny";
  /** What the answer is about; a denial may be about anything. */
  readonly binding: Binding;
  readonly reason: string;
}

/** How it is read and decided. */
export const approvalAnswer: OperationKind<ApprovalAnswer> = {
  shape: record<ApprovalAnswer>({
    type: oneOf("approval.answer"),
    effect: id("effect"),
    answer: oneOf("allow", "deny"),
    binding: record<Binding>({
      program: nullable(digest),
      arguments: digest,
      claims: list(permission, { max: fixedLimits.claimsMax }),
    }),
    reason: shortText,
  }),
  starts: true,
  mayWarnAbove: (_state, { answer }) => answer === "deny",
  decide: (state, operation, moment) => {
    const effect = state.effects.get(operation.effect);
    if (effect === undefined) return refuse({ code: "effect_unknown", effect: operation.effect });
    const { id: of, agent, task, step, approval } = effect;
    if (effect.status !== "awaiting" || approval === null) return refuse({ code: "approval_not_awaited", effect: of });
    const no =
      answererAmiss(state, { effect, moment }) ??
      lateness(approval, moment) ??
      (operation.answer === "allow" ? notAllowable(state, { effect, operation, moment }) : undefined);
    if (no !== undefined) return refuse(no);
    const type = operation.answer === "allow" ? "approval.allowed" : "approval.denied";
    return accept({ type, schema: 1, effect: of, agent, task, step });
  },
};

type Amiss = PlainRefusal | undefined;

function answererAmiss(state: LiveState, { effect, moment }: { effect: Effect; moment: Moment }): Amiss {
  const grant = grantAsked(state, moment);
  if (!permits(grant, effect)) return { code: "permission_denied", permission: answerPermission(effect) };
  return isRequesters(state, { effect, grant }) ? { code: "requester_answers", effect: effect.id } : undefined;
}

function lateness({ deadlineMs }: EffectApproval, { timeMs }: Moment): Amiss {
  return timeMs >= deadlineMs ? { code: "approval_expired", deadlineMs } : undefined;
}

// What is to run must be what was shown, still be what is registered, and still be somebody's to ask for.
function notAllowable(
  state: LiveState,
  { effect, operation, moment }: { effect: Effect; operation: ApprovalAnswer; moment: Moment },
): Amiss {
  const differs = differenceOf(bindingOf(effect), operation.binding);
  if (differs !== undefined) return { code: "approval_mismatch", differs };
  if (effect.tool !== null && toolChanged(state, effect)) return { code: "tool_changed", tool: effect.tool };
  const { grant, agent, task } = effect;
  if ((agent !== null && !state.agents.has(agent)) || !grantIsLive(state, { grant, timeMs: moment.timeMs })) {
    return { code: "authority_ended", grant };
  }
  if (task !== null && !state.tasks.has(task)) return { code: "task_unknown", task };
  // What was forbidden since it was asked for is not allowed by one person's yes.
  const { effect: ruled, policy, error } = rulingOn(state, effect);
  const by = refTo(policy);
  return ruled === "deny" && by !== null ? { code: "policy_denied", policy: by, error } : undefined;
}

function differenceOf(bound: Binding, shown: Binding): keyof Binding | undefined {
  if (shown.program !== bound.program) return "program";
  if (shown.arguments !== bound.arguments) return "arguments";
  const same = shown.claims.length === bound.claims.length;
  return same && bound.claims.every((claim, index) => claim === shown.claims[index]) ? undefined : "claims";
}
