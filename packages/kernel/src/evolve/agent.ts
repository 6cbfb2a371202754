/** What events of agents and runs do to the state. */
import type { AgentEvent, AgentSpawned, AgentTerminated } from "../events/agent.ts";
import type { SessionAgent } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { endGrant } from "./authority.ts";
import { carveBudget, closeBudget } from "./budget.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";
import { dropIfUnused } from "./definition.ts";

/** Applies an event of agents or runs. */
export function evolveAgent(state: LiveState, event: AgentEvent, cause: Cause): void {
  switch (event.type) {
    case "agent.spawned":
      return spawned(state, event, cause);
    case "agent.suspended":
      return state.table.agents.put({
        ...rowOf(state.agents, event.agent),
        state: "suspended",
        suspendReason: event.reason,
      });
    case "agent.resumed":
      return state.table.agents.put({ ...rowOf(state.agents, event.agent), state: "running", suspendReason: null });
    case "agent.terminated":
      return terminated(state, event, cause.timeMs);
    case "agent.transitioned":
      return state.table.agents.put({ ...rowOf(state.agents, event.agent), lifecycle: event.to });
    case "run.started":
      state.table.runs.put({ id: event.run, agent: event.agent, startedAtMs: cause.timeMs });
      return state.table.agents.put({ ...rowOf(state.agents, event.agent), run: event.run });
    case "run.ended":
      state.table.runs.drop(event.run);
      return state.table.agents.put({ ...rowOf(state.agents, event.agent), run: null });
  }
}

function spawned(state: LiveState, event: AgentSpawned, cause: Cause): void {
  const asked = askedFor(cause, "agent.spawn");
  const { agent, principal, grant, budget, name, session } = event;
  const parentGrant = rowOf(state.grants, cause.stamp.grant ?? grant);
  state.table.principals.put({ id: principal, name, kind: "agent", agent, ended: [] });
  state.table.grants.put({
    id: grant,
    holder: principal,
    parent: parentGrant.id,
    permissions: asked.permissions,
    expiresAtMs: asked.expiresAtMs,
    depthLeft: parentGrant.depthLeft - 1,
  });
  carveBudget(state, {
    budget,
    parent: asked.budget,
    holder: principal,
    amounts: asked.allotment,
    timeMs: cause.timeMs,
  });
  state.table.agents.put({
    id: agent,
    name,
    principal,
    grant,
    budget,
    definition: asked.definition,
    parent: asked.parent,
    session,
    state: "running",
    suspendReason: null,
    lifecycle: rowOf(state.definitions, asked.definition).part.lifecycle.initial,
    run: null,
    injected: [],
    tasks: {},
    objectives: {},
  });
  changePlanned(state, event, (planned) => ({
    ...planned,
    state: "live",
    agent,
    restarts: planned.restarts + (planned.state === "failed" ? 1 : 0),
  }));
}

function terminated(state: LiveState, event: AgentTerminated, timeMs: number): void {
  const agent = rowOf(state.agents, event.agent);
  for (const task of event.cancelled) state.table.tasks.drop(task);
  if (agent.run !== null) state.table.runs.drop(agent.run);
  state.table.agents.drop(agent.id);
  state.table.principals.drop(agent.principal);
  state.table.refusals.drop(agent.principal);
  state.table.signals.drop(agent.principal);
  for (const timer of state.index.timersOf.idsOf(agent.id)) state.table.timers.drop(timer);
  for (const message of state.index.messagesTo.idsOf(agent.principal)) state.table.messages.drop(message);
  for (const grant of state.index.grantsHeldBy.idsOf(agent.principal)) {
    // One of them may stand below another and be gone with it.
    if (state.grants.has(grant)) endGrant(state, grant);
  }
  for (const budget of state.index.budgetsHeldBy.idsOf(agent.principal)) {
    if (state.budgets.has(budget)) closeBudget(state, { budget, timeMs });
  }
  dropIfUnused(state, agent.definition);
  const ended = event.reason === "completed" ? "completed" : "failed";
  changePlanned(state, event, (planned) => ({ ...planned, state: ended }));
}

function changePlanned(
  state: LiveState,
  { session: id, name }: AgentSpawned | AgentTerminated,
  change: (planned: SessionAgent) => SessionAgent,
): void {
  if (id === null) return;
  const session = rowOf(state.sessions, id);
  const agents = session.agents.map((planned) => (planned.name === name ? change(planned) : planned));
  state.table.sessions.put({ ...session, agents });
}
