/** Events of approvals. What an event leaves out stands in the operation of the same entry. */
import type { AgentId, Digest, EffectId, TaskId } from "../ids.ts";
import type { PolicyRef, SideEffect } from "../state/entities.ts";

/** An effect waits for somebody to allow it: its amounts are reserved, and nothing is performed. */
export interface ApprovalRequested {
  readonly type: "approval.requested";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
  readonly sideEffect: SideEffect;
  /** Digest of the program that alone may run; null for code. */
  readonly program: Digest | null;
  /** The policy that requires it; null for the side-effect class. */
  readonly policy: PolicyRef | null;
  /** A moment: an answer that comes then or later is none. */
  readonly deadlineMs: number;
}

/** An effect may be performed. */
export interface ApprovalAllowed {
  readonly type: "approval.allowed";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
}

/** An effect is refused, and what it reserved is given back. */
export interface ApprovalDenied {
  readonly type: "approval.denied";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
}

/** Nobody answered in time: the effect is refused, and what it reserved is given back. */
export interface ApprovalExpired {
  readonly type: "approval.expired";
  readonly schema: 1;
  readonly effect: EffectId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
}

/** The events of this area. */
export type ApprovalEvent = ApprovalRequested | ApprovalAllowed | ApprovalDenied | ApprovalExpired;
