/**
 * Which policy decided what an entry is about, told from the log alone: events and refusals name it with the entry that enacted it.
 */
import { type Entry, partsOf, type PolicyRef } from "@toka/kernel";

import type { DecidingPolicy } from "./api.ts";

/**
 * Finds the policy that decided.
 *
 * @param entries - the entry in question, and the one that asked for what it is about, which may be the same
 * @param readEntry - gives the entry at a position
 * @returns the policy as it was then; null when none decided
 */
export async function decidingPolicy(
  { entry, asked }: { readonly entry: Entry; readonly asked: Entry },
  readEntry: (position: number) => Promise<Entry | undefined>,
): Promise<DecidingPolicy | null> {
  const named = inRefusal(entry) ?? inEvents(asked, "effect" in entry.operation ? entry.operation.effect : null);
  if (named === null) return null;
  const enacted = await readEntry(named.position);
  // Of two in one batch under one name the later one stood.
  const rules = (enacted === undefined ? [] : partsOf(enacted)).flatMap(({ operation }) =>
    operation.type === "policy.set" && operation.name === named.name && operation.rule !== null ? [operation.rule] : [],
  );
  const rule = rules.at(-1);
  return rule === undefined ? null : { ...named, effect: rule.effect, source: rule.source };
}

function inRefusal({ outcome }: Entry): PolicyRef | null {
  if (!("refusal" in outcome)) return null;
  const refusal = outcome.refusal.code === "batch_refused" ? outcome.refusal.refusal : outcome.refusal;
  return refusal.code === "policy_denied" || refusal.code === "approval_required" ? refusal.policy : null;
}

function inEvents(asked: Entry, effect: string | null): PolicyRef | null {
  for (const { events } of partsOf(asked)) {
    for (const event of events) {
      if (event.type !== "effect.requested" && event.type !== "approval.requested") continue;
      if (effect === null || event.effect === effect) return event.policy;
    }
  }
  return null;
}
