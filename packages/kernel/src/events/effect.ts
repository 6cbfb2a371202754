/** Events of effects and tools. What an event leaves out stands in the operation of the same entry. */
import type { Amounts } from "../budget/amounts.ts";
import type { AgentId, EffectId, TaskId, ToolId } from "../ids.ts";
import type { PolicyRef, SideEffect } from "../state/entities.ts";
import type { EffectOutcome } from "../reasons.ts";

/** An effect may be performed: its amounts are reserved. */
export interface EffectRequested {
  readonly type: "effect.requested";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
  readonly sideEffect: SideEffect;
  /** The policy that allows it; null when none is about it. */
  readonly policy: PolicyRef | null;
}

/** An effect is being performed. */
export interface EffectStarted {
  readonly type: "effect.started";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
}

/** An effect is over, and this much was booked as spent. */
export interface EffectSettled {
  readonly type: "effect.settled";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
  readonly outcome: EffectOutcome;
  readonly booked: Amounts;
}

/** Nobody knows what came of an effect; what it reserved is booked as spent. */
export interface EffectOwed {
  readonly type: "effect.owed";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
  readonly booked: Amounts;
}

/** Nobody will know what came of an effect. */
export interface EffectAbandoned {
  readonly type: "effect.abandoned";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
}

/** A tool can be called. */
export interface ToolRegistered {
  readonly type: "tool.registered";
  readonly schema: 1;
  readonly tool: ToolId;
  readonly name: string;
}

/** What is recorded of a tool changed. */
export interface ToolUpdated {
  readonly type: "tool.updated";
  readonly schema: 1;
  readonly tool: ToolId;
  readonly name: string;
}

/** A tool can be called no more. */
export interface ToolUnregistered {
  readonly type: "tool.unregistered";
  readonly schema: 1;
  readonly tool: ToolId;
  readonly name: string;
}

/** A tool is offered to an agent. */
export interface ToolInjected {
  readonly type: "tool.injected";
  readonly schema: 1;
  readonly tool: ToolId;
  readonly name: string;
  readonly agent: AgentId;
}

/** The events of this area. */
export type EffectEvent =
  | EffectRequested
  | EffectStarted
  | EffectSettled
  | EffectOwed
  | EffectAbandoned
  | ToolRegistered
  | ToolUpdated
  | ToolUnregistered
  | ToolInjected;
