/** Whose observation, metric or alert something is. */
import { controlled, type Moment } from "./decision.ts";
import type { AgentId } from "./ids.ts";
import type { PlainRefusal } from "./refusal.ts";
import { saidEnough } from "./signals.ts";
import type { LiveState } from "./state/live-state.ts";

/**
 * The agent that something is said of, if the asker may say it. An agent that names nobody speaks of itself.
 *
 * @param state in which they live
 * @param options the agent named, if any, the bytes of the content, and the moment
 * @returns the agent, null for people and services, or the refusal: agent_unknown, agent_not_controlled, limit_reached
 */
export function observer(
  state: LiveState,
  options: { readonly agent: AgentId | null; readonly bytes: number; readonly moment: Moment },
): { readonly agent: AgentId | null } | { readonly refused: PlainRefusal } {
  const { agent, bytes, moment } = options;
  if (agent !== null) {
    const asked = controlled(state, { moment, agent });
    if ("refused" in asked) return asked;
  }
  const enough = saidEnough(state, { ...moment, bytes });
  if (enough !== undefined) return { refused: enough };
  return { agent: agent ?? state.principals.get(moment.stamp.principal)?.agent ?? null };
}
