/** `policy.set`: an administrator enacts a policy under a name, in place of the one that stands there, or repeals it. */
import { integer, nullable, oneOf, record, text } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, grantAsked, openVault, type OperationKind, refuse } from "../decision.ts";
import { fixedLimits, limitCeilings } from "../limits.ts";
import type { Predicate } from "../predicate/predicate.ts";
import { policyPredicate } from "../predicate/shape.ts";
import type { PrincipalId } from "../ids.ts";
import type { Grant, PolicyEffect } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Sets the policy of that name. */
export interface PolicySet {
  readonly type: "policy.set";
  readonly name: string;
  /** Null repeals it. */
  readonly rule: PolicyRule | null;
}

/** What a policy says. */
export interface PolicyRule {
  readonly effect: PolicyEffect;
  /** The condition as somebody wrote it, for people: only `when` decides. */
  readonly source: string;
  /** Null for every request. */
  readonly when: Predicate | null;
  /** How long a request waits for its approval, within what the vault allows; null for as long as that. */
  readonly withinMs: number | null;
}

/** How it is read and decided. */
export const policySet: OperationKind<PolicySet> = {
  shape: record<PolicySet>({
    type: oneOf("policy.set"),
    name,
    rule: nullable(
      record<PolicyRule>({
        effect: oneOf("deny", "require-approval", "allow"),
        source: text(fixedLimits.policyCharsMax),
        when: nullable(policyPredicate),
        withinMs: nullable(integer(1, limitCeilings.approvalMsMax)),
      }),
    ),
  }),
  decide: (state, operation, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const agent = agentBehind(state, grantAsked(state, moment));
    if (agent !== undefined) return refuse({ code: "agent_sets_policy", principal: agent });
    const { policies } = openVault(state);
    const stands = policies.some(({ name: of }) => of === operation.name);
    if (operation.rule === null) {
      if (!stands) return refuse({ code: "policy_unknown", name: operation.name });
      return accept({ type: "policy.repealed", schema: 1, name: operation.name });
    }
    const max = fixedLimits.policiesMax;
    if (!stands && policies.length >= max) return refuse({ code: "limit_reached", limit: "policiesMax", max });
    return accept({ type: "policy.enacted", schema: 1, name: operation.name, replaced: stands });
  },
};

// Policies bind agents: none sets or lifts one, whatever it holds, nor does anybody with what an agent passed on.
function agentBehind(state: LiveState, grant: Grant): PrincipalId | undefined {
  // The kernel bounds the depth of delegation, so that the line ends.
  for (let at: Grant | undefined = grant; at !== undefined;) {
    if (state.principals.get(at.holder)?.kind === "agent") return at.holder;
    at = at.parent === null ? undefined : state.grants.get(at.parent);
  }
  return undefined;
}
