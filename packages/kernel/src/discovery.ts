/** Finding agents by what they can do, where, and whether they run: a question to the state, which decides nothing. */
import type { Agent } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/** What an agent must be to be found; what is null may be anything. */
export interface AgentQuery {
  /** One that its definition names. */
  readonly capability: string | null;
  /** That of its definition. */
  readonly domain: string | null;
  readonly state: Agent["state"] | null;
}

/**
 * Finds live agents.
 *
 * @param state in which they live
 * @param query what they must be, all of it
 * @returns them, in the order in which they were spawned
 */
export function findAgents(state: KernelState, query: AgentQuery): readonly Agent[] {
  return [...state.agents.values()].filter((agent) => {
    const part = state.definitions.get(agent.definition)?.part;
    if (query.state !== null && agent.state !== query.state) return false;
    if (query.domain !== null && part?.domain !== query.domain) return false;
    return query.capability === null || part?.capabilities?.includes(query.capability) === true;
  });
}
