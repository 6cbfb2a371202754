/**
 * `agent.terminate`: ends an agent, the agents it spawned, their grants and all below, their budgets and open tasks.
 * Effects in flight stay until settled.
 */
import { accountsMayWarn } from "../budget/accounts.ts";
import { integer, oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, controlled, type OperationKind } from "../decision.ts";
import type { AgentTerminated } from "../events/agent.ts";
import { fault } from "../failure.ts";
import { type AgentId } from "../ids.ts";
import type { TerminateReason } from "../reasons.ts";
import type { LiveState } from "../state/live-state.ts";

/** Ends an agent. */
export interface AgentTerminate {
  readonly type: "agent.terminate";
  readonly agent: AgentId;
  readonly reason: TerminateReason;
  /** -128..127 */
  readonly exitCode: number;
}

/** How it is read and decided. */
export const agentTerminate: OperationKind<AgentTerminate> = {
  shape: record<AgentTerminate>({
    type: oneOf("agent.terminate"),
    agent: id("agent"),
    reason: oneOf("completed", "killed", "crashed", "resource-limit", "timeout", "other"),
    exitCode: integer(-128, 127),
  }),
  mayWarnAbove: (state, { agent }, { timeMs }) => {
    const principals = [...descendants(state, agent), agent].flatMap((id) => state.agents.get(id)?.principal ?? []);
    const budgets = principals.flatMap((principal) => state.index.budgetsHeldBy.idsOf(principal));
    return accountsMayWarn(state, { budgets, timeMs });
  },
  decide: (state, { agent, reason, exitCode }, moment) => {
    const asked = controlled(state, { moment, agent });
    if ("refused" in asked) return asked;
    const below = descendants(state, agent).map((id) => ended(state, { id, by: agent, reason: "killed", exitCode: 0 }));
    return accept(...below, ended(state, { id: agent, by: agent, reason, exitCode }));
  },
};

// The deepest first, so that none outlives its parent even between two events.
function descendants(state: LiveState, agent: AgentId): readonly AgentId[] {
  const children = state.index.agentsBelow.idsOf(agent);
  return children.flatMap((child) => [...descendants(state, child), child]);
}

function ended(
  state: LiveState,
  end: { id: AgentId; by: AgentId; reason: TerminateReason; exitCode: number },
): AgentTerminated {
  const { id, by, reason, exitCode } = end;
  const { name, session } = state.agents.get(id) ?? fault(`the agent ${id} is gone`);
  const cancelled = state.lookup.tasksOf(id).map((task) => task.id);
  return { type: "agent.terminated", schema: 1, agent: id, name, session, reason, exitCode, with: by, cancelled };
}
