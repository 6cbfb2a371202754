/**
 * Refusals in words.
 */
import type { PlainRefusal, Refusal } from "@toka/kernel";

/**
 * Puts a refusal into words.
 *
 * @param refusal - of any operation
 * @returns the code and what it says, such as `permission_denied: no grant that was asked under covers fs.read:/etc/passwd`
 */
export function refusalInWords(refusal: Refusal): string {
  if (refusal.code === "batch_refused")
    return `batch_refused: operation ${refusal.index}: ${refusalInWords(refusal.refusal)}`;
  return `${refusal.code}: ${sentenceOf(refusal)}`;
}

/** A sentence for the codes that people meet, a list of the details for all others. */
function sentenceOf(refusal: PlainRefusal): string {
  switch (refusal.code) {
    case "permission_denied":
      return `no grant that was asked under covers ${refusal.permission}`;
    case "claim_beyond_tool":
      return `the tool is not registered for ${refusal.permission}`;
    case "authority_exceeds_parent":
      return `the grant above does not hold ${refusal.excess.join(", ")}`;
    case "authority_exceeds_definition":
      return `the definition does not allow ${refusal.excess.join(", ")}`;
    case "budget_exhausted":
      return `the budget has ${refusal.available} ${refusal.dimension} left and ${refusal.wanted} are wanted`;
    case "grant_ended":
      return `${refusal.grant} has expired or was revoked`;
    case "grant_not_held":
      return `${refusal.grant ?? "no grant"} is not held by who asked`;
    case "host_only":
      return `only the host may ask this, and ${refusal.principal} is not the host`;
    case "clock_jump":
      return `the clock went from ${iso(refusal.lastMs)} to ${iso(refusal.stampMs)}, more than ${refusal.jumpMsMax / 3_600_000} hours; an administrator must accept the time`;
    case "vault_held":
      return "the vault is held: an operator must resume it before anything starts";
    case "judge_is_subject":
      return `${refusal.agent} may not judge its own objective`;
    case "verdict_contradicts_predicate":
      return `the recorded condition ${refusal.holds ? "holds" : "does not hold"}, and the verdict says otherwise`;
    case "tool_unknown":
      return `there is no tool ${refusal.name}`;
    case "tool_not_offered":
      return `the tool ${refusal.name} is not offered to this agent`;
    case "timeout_out_of_range":
      return `the time asked for is outside 1 to ${refusal.timeoutMsMax} ms`;
    case "effect_unsettled":
      return `${refusal.effect} is still under way and has not said yet what it changed; undo it when it is settled`;
    case "effect_unknown":
      return `there is no effect ${refusal.effect}`;
    case "limit_reached":
      return `the limit ${refusal.limit} of ${refusal.max} is reached`;
    default:
      return sentenceBetween(refusal);
  }
}

/** What stands between principals: approvals, policies, leases, messages and timers. */
function sentenceBetween(refusal: PlainRefusal): string {
  switch (refusal.code) {
    case "approval_required":
      return `${refusal.tool ?? "the program"} needs an approval${refusal.policy === null ? "" : ` by the policy ${refusal.policy.name}`}, and nobody can answer for who holds all authority: let an agent or another principal ask`;
    case "recipient_not_reachable":
      return `${refusal.agent} does not live, or the grant that was asked under does not cover messages to it`;
    case "message_unknown":
      return `no message ${refusal.message} waits for who asked`;
    case "timer_never_fires":
      return `the schedule gives no moment after ${iso(refusal.nowMs)}`;
    case "timer_unknown":
      return `no timer ${refusal.timer} is set that who asked may cancel`;
    case "family_refused":
      return `${refusal.family} says ${refusal.reason}${refusal.detail === "{}" ? "" : `, ${refusal.detail}`}`;
    case "family_failed":
      return `the bundle of ${refusal.family} ${refusal.version} gave no answer (${refusal.reason}): ${refusal.message}`;
    case "family_absent":
      return `the bundle of ${refusal.family} is not in the vault any more; enable it again as a later version`;
    case "family_unknown":
      return `no family ${refusal.family} is enabled`;
    case "family_version_passed":
      return `version ${refusal.version} of ${refusal.family} is enabled; another bundle is a later version`;
    case "lease_held":
      return `${refusal.resource} is owned by ${refusal.holder} (epoch ${refusal.epoch}) until ${iso(refusal.expiresAtMs)}`;
    case "lease_not_held":
      return `who asked does not own ${refusal.resource} with epoch ${refusal.epoch}`;
    case "lease_expired":
      return `the lease on ${refusal.resource} ran out at ${iso(refusal.expiresAtMs)}; take it again`;
    case "payload_in_use":
      return `${refusal.payload} is still needed by ${refusal.user}: erase it when that is over`;
    case "policy_denied":
      return `the policy ${refusal.policy.name}, in force since entry ${refusal.policy.position}, forbids it${refusal.error === null ? "" : ` (its condition comes to nothing: ${refusal.error})`}`;
    case "agent_sets_policy":
      return `policies bind agents, and the grant asked under stems from the agent ${refusal.principal}; a person sets them`;
    case "policy_unknown":
      return `no policy ${refusal.name} is in force`;
    case "requester_answers":
      return `${refusal.effect} was asked for by who answers, or by whom he has his authority from; somebody else must answer`;
    case "approval_mismatch":
      return `the ${refusal.differs} of the answer are not those that would run: look at the request again`;
    case "approval_expired":
      return `the time to answer ended at ${iso(refusal.deadlineMs)}`;
    case "approval_not_awaited":
      return `${refusal.effect} does not wait for an approval`;
    case "approval_pending":
      return `${refusal.effect} waits for an approval`;
    case "tool_changed":
      return `the tool ${refusal.tool} is another one by now; deny the request, and let it be asked anew`;
    default:
      return listDetails(refusal);
  }
}

function listDetails(refusal: PlainRefusal): string {
  const details = Object.entries(refusal).filter(([name]) => name !== "code");
  if (details.length === 0) return refusal.code.replaceAll("_", " ");
  return details
    .map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join(", ");
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
