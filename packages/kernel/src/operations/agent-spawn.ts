/** `agent.spawn`: makes an agent with its principal, a grant below the asker's and a budget carved from the asker's. */
import { excess } from "../authority/covers.ts";
import { narrowing } from "../authority/narrowing.ts";
import type { Permission } from "../authority/permission.ts";
import type { Amounts } from "../budget/amounts.ts";
import { figuresOf } from "../budget/figures.ts";
import { carvable, spendable } from "../budget/spendable.ts";
import { nullable, oneOf, record } from "../codec/shape.ts";
import { amounts, id, momentMs, name, permissions } from "../codec/shapes.ts";
import { accept, controlled, denied, full, grantAsked, type Moment, type OperationKind, refuse } from "../decision.ts";
import type { AgentId, BudgetId, DefinitionId, SessionId } from "../ids.ts";
import type { PlainRefusal } from "../refusal.ts";
import { failedForGood, stopper } from "../sessions.ts";
import type { Session, SessionAgent } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Spawns an agent of an active definition. */
export interface AgentSpawn {
  readonly type: "agent.spawn";
  readonly name: string;
  readonly definition: DefinitionId;
  /** The agent it belongs to and ends with; an agent that asks names itself. */
  readonly parent: AgentId | null;
  /** The session whose plan names it. */
  readonly session: SessionId | null;
  /** Within the definition's and within the grant asked under. */
  readonly permissions: readonly Permission[];
  readonly expiresAtMs: number | null;
  readonly allotment: Amounts;
  /** The asker's budget that the allotment is carved from. */
  readonly budget: BudgetId;
}

/** How it is read and decided. */
export const agentSpawn: OperationKind<AgentSpawn> = {
  shape: record<AgentSpawn>({
    type: oneOf("agent.spawn"),
    name,
    definition: id("definition"),
    parent: nullable(id("agent")),
    session: nullable(id("session")),
    permissions,
    expiresAtMs: nullable(momentMs),
    allotment: amounts,
    budget: id("budget"),
  }),
  starts: true,
  decide: (state, operation, moment) => {
    const no =
      denied(state, { moment, permission: `agent.spawn:${operation.name}` }) ??
      definitionAmiss(state, operation.definition) ??
      parentAmiss(state, { parent: operation.parent, moment }) ??
      sessionAmiss(state, { operation, moment }) ??
      authorityAmiss(state, { operation, moment }) ??
      spendable(state, { budget: operation.budget, wanted: figuresOf(operation.allotment), moment }) ??
      crowded(state, operation.budget);
    if (no !== undefined) return refuse(no);
    return accept({
      type: "agent.spawned",
      schema: 1,
      agent: moment.fresh("agent"),
      name: operation.name,
      session: operation.session,
      principal: moment.fresh("principal"),
      grant: moment.fresh("grant"),
      budget: moment.fresh("budget"),
    });
  },
};

type Amiss = PlainRefusal | undefined;

function definitionAmiss(state: LiveState, definition: DefinitionId): Amiss {
  const row = state.definitions.get(definition);
  if (row === undefined) return { code: "definition_unknown", definition };
  return row.status === "active" ? undefined : { code: "definition_not_active", definition };
}

// An agent's children are its own, so that they end with it.
function parentAmiss(state: LiveState, { parent, moment }: { parent: AgentId | null; moment: Moment }): Amiss {
  const self = state.principals.get(moment.stamp.principal)?.agent ?? null;
  if (self !== null) {
    if (parent !== self) return { code: "parent_not_self", agent: self };
    return state.agents.get(self)?.state === "suspended" ? { code: "agent_suspended", agent: self } : undefined;
  }
  if (parent === null) return undefined;
  const above = controlled(state, { moment, agent: parent });
  return "refused" in above ? above.refused : undefined;
}

function sessionAmiss(state: LiveState, { operation, moment }: { operation: AgentSpawn; moment: Moment }): Amiss {
  const { session: id, name: wanted } = operation;
  if (id === null) return undefined;
  const session = state.sessions.get(id);
  if (session === undefined) return { code: "session_unknown", session: id };
  const no = denied(state, { moment, permission: `session.run:${session.name}` });
  if (no !== undefined) return no;
  const planned = session.agents.find((one) => one.name === wanted);
  if (planned === undefined) return { code: "agent_not_planned", name: wanted };
  if (planned.state !== "waiting" && planned.state !== "failed") {
    return { code: "agent_not_waiting", name: wanted, state: planned.state };
  }
  const { restartsMax, concurrencyMax } = session;
  if (failedForGood(session, planned)) return { code: "restarts_used_up", name: wanted, restartsMax };
  const stopped = stopper(session);
  if (stopped !== undefined) return { code: "session_stopping", failed: stopped.name };
  const missing = dependencyMissing(session, planned);
  if (missing !== undefined) return { code: "dependency_not_met", name: missing.name, state: missing.state };
  if (state.index.agentsOfSession.count(id) >= concurrencyMax) return { code: "concurrency_reached", concurrencyMax };
  return undefined;
}

// Under the policy continue it is enough that those before have ended, however.
function dependencyMissing(session: Session, planned: SessionAgent): SessionAgent | undefined {
  return session.agents.find((before) => {
    if (!planned.dependsOn.includes(before.name) || before.state === "completed") return false;
    return session.onFailure !== "continue" || before.state === "waiting" || before.state === "live";
  });
}

function authorityAmiss(state: LiveState, { operation, moment }: { operation: AgentSpawn; moment: Moment }): Amiss {
  const allowed = state.definitions.get(operation.definition)?.part.permissions ?? [];
  const beyond = excess(allowed, operation.permissions);
  if (beyond.length > 0) return { code: "authority_exceeds_definition", excess: beyond };
  return narrowing(grantAsked(state, moment), { ...operation, timeMs: moment.timeMs });
}

function crowded(state: LiveState, budget: BudgetId): Amiss {
  return (
    carvable(state, budget) ??
    full("agentsMax", { state, count: state.agents.size }) ??
    full("principalsMax", { state, count: state.principals.size }) ??
    full("grantsMax", { state, count: state.grants.size }) ??
    full("budgetsMax", { state, count: state.budgets.size })
  );
}
