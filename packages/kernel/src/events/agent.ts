/** Events of agents and their runs. What an event leaves out stands in the operation of the same entry. */
import type { AgentId, BudgetId, GrantId, PrincipalId, RunId, SessionId, TaskId } from "../ids.ts";
import type { SuspendReason } from "../state/entities.ts";
import type { EndOutcome, TerminateReason } from "../reasons.ts";

/** An agent lives, with a principal, a grant and a budget of its own. */
export interface AgentSpawned {
  readonly type: "agent.spawned";
  readonly schema: 1;
  readonly agent: AgentId;
  readonly name: string;
  readonly session: SessionId | null;
  readonly principal: PrincipalId;
  readonly grant: GrantId;
  readonly budget: BudgetId;
}

/** An agent starts nothing for now. */
export interface AgentSuspended {
  readonly type: "agent.suspended";
  readonly schema: 1;
  readonly agent: AgentId;
  readonly reason: SuspendReason;
}

/** An agent may start things again. */
export interface AgentResumed {
  readonly type: "agent.resumed";
  readonly schema: 1;
  readonly agent: AgentId;
}

/** An agent ended; `with` is the agent whose end ended it, itself when it was asked for. */
export interface AgentTerminated {
  readonly type: "agent.terminated";
  readonly schema: 1;
  readonly agent: AgentId;
  readonly name: string;
  readonly session: SessionId | null;
  readonly reason: TerminateReason;
  readonly exitCode: number;
  readonly with: AgentId;
  readonly cancelled: readonly TaskId[];
}

/** An agent is in another declared state. */
export interface AgentTransitioned {
  readonly type: "agent.transitioned";
  readonly schema: 1;
  readonly agent: AgentId;
  readonly from: string;
  readonly to: string;
}

/** A run began. */
export interface RunStarted {
  readonly type: "run.started";
  readonly schema: 1;
  readonly run: RunId;
  readonly agent: AgentId;
}

/** A run is over. */
export interface RunEnded {
  readonly type: "run.ended";
  readonly schema: 1;
  readonly run: RunId;
  readonly agent: AgentId;
  readonly outcome: EndOutcome;
}

/** The events of this area. */
export type AgentEvent =
  | AgentSpawned
  | AgentSuspended
  | AgentResumed
  | AgentTerminated
  | AgentTransitioned
  | RunStarted
  | RunEnded;
