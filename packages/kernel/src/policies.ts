/**
 * Policies: what an administrator forbids, has approved or allows, of all that authority and budgets would let through.
 *
 * Source: docs/decisions/0021-policies.md.
 */
import { isBeyondApproval } from "./approvals.ts";
import { amountKinds } from "./budget/amounts.ts";
import type { Figures } from "./budget/figures.ts";
import { evaluate } from "./predicate/evaluate.ts";
import type { PredicateError, PredicateValue } from "./predicate/predicate.ts";
import type { Effect, Policy, PolicyEffect, PolicyRef } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/** What a policy can look at of a request: as it was asked, with what it would reserve. */
export type PolicySubject = Pick<
  Effect,
  "kind" | "label" | "principal" | "agent" | "task" | "step" | "tool" | "sideEffect" | "claims" | "timeoutMs"
> & { readonly reserve: Figures };

/** What the policies say of a request. */
export interface Ruling {
  readonly effect: PolicyEffect;
  /** The policy that decided: of those with the strongest effect the one in force longest; null when none applies. */
  readonly policy: Policy | null;
  /** Why its condition has no true or false of its own; then it applies where that is stricter. */
  readonly error: PredicateError | null;
}

/**
 * What the policies in force say of a request. Deny outweighs require-approval, which outweighs allow. Where no policy applies, a
 * privileged effect requires an approval, unless it is the operator's own, and every other one is allowed.
 *
 * @param state in which they are in force
 * @param subject the request
 * @returns the ruling
 */
export function rulingOn(state: KernelState, subject: PolicySubject): Ruling {
  let ruling: Ruling = { effect: byDefault(subject), policy: null, error: null };
  for (const policy of state.vault?.policies ?? []) {
    if (ruling.policy !== null && strength[policy.effect] <= strength[ruling.policy.effect]) continue;
    const { holds, error } = applies(policy, { state, subject });
    if (holds) ruling = { effect: policy.effect, policy, error };
  }
  return ruling;
}

/**
 * Names a policy for an event or a refusal.
 *
 * @returns its name and the entry that enacted it; null for none
 */
export function refTo(policy: Policy | null): PolicyRef | null {
  return policy === null ? null : { name: policy.name, position: policy.position };
}

// The operator is who others would have to ask: for what is his own he is asked again only where a policy of his says so.
function byDefault({ sideEffect, agent, principal }: PolicySubject): PolicyEffect {
  const own = agent === null && isBeyondApproval(principal);
  return sideEffect === "privileged" && !own ? "require-approval" : "allow";
}

const strength: { readonly [Kind in PolicyEffect]: number } = { deny: 2, "require-approval": 1, allow: 0 };

// A condition that comes to nothing must not open what it was to close.
function applies(
  { when, effect }: Policy,
  { state, subject }: { readonly state: KernelState; readonly subject: PolicySubject },
): { readonly holds: boolean; readonly error: PredicateError | null } {
  if (when === null) return { holds: true, error: null };
  const { holds, error } = evaluate(when, (fact) => factOf(fact, { state, subject }));
  return { holds: holds || (error !== null && effect !== "allow"), error };
}

// Every fact of the list in predicate/shape.ts has a value: what a request does not have is the empty text.
function factOf(
  fact: string,
  { state, subject }: { readonly state: KernelState; readonly subject: PolicySubject },
): PredicateValue | undefined {
  const [, name, kind] = fact.split(".");
  const agent = subject.agent === null ? undefined : state.agents.get(subject.agent);
  switch (name) {
    case "kind":
    case "label":
    case "claims":
    case "sideEffect":
    case "timeoutMs":
      return subject[name];
    case "tool":
    case "step":
      return subject[name] ?? "";
    case "task":
      return (subject.task === null ? undefined : state.tasks.get(subject.task)?.key) ?? "";
    case "agent":
      return agent?.name ?? "";
    case "definition":
      return (agent === undefined ? undefined : state.definitions.get(agent.definition)?.part.name) ?? "";
    case "principal":
      return state.principals.get(subject.principal)?.name ?? "";
    case "amounts":
      return subject.reserve[amountKinds.find((one) => one === kind) ?? "toolCalls"];
    default:
      return undefined;
  }
}
