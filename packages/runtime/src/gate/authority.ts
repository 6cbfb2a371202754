/** Whether what an effect was allowed under still stands: its whole line of grants, and the agent it is for. */
import type { Effect, GrantId, KernelState } from "@toka/kernel";

/** What stands of an effect's authority at a moment. */
export type Standing =
  | {
      readonly live: true;
      /** When the first grant of the line ends, ms since 1970; null when none ever does. */ readonly endsAtMs:
        | number
        | null;
    }
  | { readonly live: false; readonly code: "effect_settled" | "agent_terminated" | "grant_revoked" | "grant_expired" };

/**
 * Looks up an effect's authority.
 * @param state - durable
 * @param query - the effect, and the moment to judge at, ms since 1970
 * @returns whether it may be performed, and until when
 */
export function standingOf(
  state: KernelState,
  { effect, nowMs }: { readonly effect: Effect; readonly nowMs: number },
): Standing {
  const now = state.effects.get(effect.id);
  if (now === undefined || now.status === "owed") return { live: false, code: "effect_settled" };
  if (effect.agent !== null && !state.agents.has(effect.agent)) return { live: false, code: "agent_terminated" };
  let endsAtMs: number | null = null;
  // The kernel bounds the depth of delegation, so the line ends.
  for (let id: GrantId | null = effect.grant; id !== null;) {
    const grant = state.grants.get(id);
    if (grant === undefined) return { live: false, code: "grant_revoked" };
    if (grant.expiresAtMs !== null) {
      // The kernel reckons with the later of the host's time and the last entry's.
      if (grant.expiresAtMs <= Math.max(nowMs, state.head.timeMs)) return { live: false, code: "grant_expired" };
      endsAtMs = Math.min(endsAtMs ?? grant.expiresAtMs, grant.expiresAtMs);
    }
    id = grant.parent;
  }
  return { live: true, endsAtMs };
}
