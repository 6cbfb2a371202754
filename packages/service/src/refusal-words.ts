/**
 * Refusals in words.
 */
import type { PlainRefusal, Refusal } from "@toka/kernel";

/** The codes whose details say more in a sentence than in a list. */
const sentences: { readonly [Code in PlainRefusal["code"]]?: (refusal: Extract<PlainRefusal, { code: Code }>) => string } = {
  permission_denied: ({ permission }) => `no grant that was asked under covers ${permission}`,
  claim_beyond_tool: ({ permission }) => `the tool is not registered for ${permission}`,
  authority_exceeds_parent: ({ excess }) => `the grant above does not hold ${excess.join(", ")}`,
  authority_exceeds_definition: ({ excess }) => `the definition does not allow ${excess.join(", ")}`,
  budget_exhausted: ({ dimension, available, wanted }) => `the budget has ${available} ${dimension} left and ${wanted} are wanted`,
  grant_ended: ({ grant }) => `${grant} has expired or was revoked`,
  grant_not_held: ({ grant }) => `${grant ?? "no grant"} is not held by who asked`,
  host_only: ({ principal }) => `only the host may ask this, and ${principal} is not the host`,
  approval_required: ({ tool }) => `${tool} is privileged and needs an approval, which nobody can give yet`,
  clock_jump: ({ lastMs, stampMs, jumpMsMax }) =>
    `the clock went from ${iso(lastMs)} to ${iso(stampMs)}, more than ${jumpMsMax / 3_600_000} hours; an administrator must accept the time`,
  vault_held: () => "the vault is held: an operator must resume it before anything starts",
  judge_is_subject: ({ agent }) => `${agent} may not judge its own objective`,
  verdict_contradicts_predicate: ({ holds }) => `the recorded condition ${holds ? "holds" : "does not hold"}, and the verdict says otherwise`,
  tool_unknown: ({ name }) => `there is no tool ${name}`,
  tool_not_offered: ({ name }) => `the tool ${name} is not offered to this agent`,
  timeout_out_of_range: ({ timeoutMsMax }) => `the time asked for is outside 1 to ${timeoutMsMax} ms`,
  limit_reached: ({ limit, max }) => `the limit ${limit} of ${max} is reached`,
};

/**
 * Puts a refusal into words.
 *
 * @param refusal - of any operation
 * @returns the code and what it says, such as `permission_denied: no grant that was asked under covers fs.read:/etc/passwd`
 */
export function refusalInWords(refusal: Refusal): string {
  if (refusal.code === "batch_refused") return `batch_refused: operation ${refusal.index}: ${refusalInWords(refusal.refusal)}`;
  return `${refusal.code}: ${sentenceOf(refusal)}`;
}

function sentenceOf<Code extends PlainRefusal["code"]>(refusal: Extract<PlainRefusal, { code: Code }>): string {
  const sentence = sentences[refusal.code as Code];
  return sentence === undefined ? listDetails(refusal) : sentence(refusal);
}

function listDetails(refusal: PlainRefusal): string {
  const details = Object.entries(refusal).filter(([name]) => name !== "code");
  if (details.length === 0) return refusal.code.replaceAll("_", " ");
  return details.map(([name, value]) => `${name} ${typeof value === "string" ? value : JSON.stringify(value)}`).join(", ");
}

function iso(timeMs: number): string {
  return new Date(timeMs).toISOString();
}
