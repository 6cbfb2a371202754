/** Events of timers. What an event leaves out stands in the operation of the same entry, or in the timer's own. */
import type { AgentId, MessageId, TimerId } from "../ids.ts";

/** A timer is set. */
export interface TimerSet {
  readonly type: "timer.set";
  readonly schema: 1;
  readonly timer: TimerId;
  readonly agent: AgentId;
  readonly nextMs: number;
}

/** A timer fires no more. */
export interface TimerCancelled {
  readonly type: "timer.cancelled";
  readonly schema: 1;
  readonly timer: TimerId;
  readonly agent: AgentId;
}

/** A timer was due, and its message waits for its agent. */
export interface TimerFired {
  readonly type: "timer.fired";
  readonly schema: 1;
  readonly timer: TimerId;
  readonly agent: AgentId;
  /** When it was due first. */
  readonly dueMs: number;
  /** How often it was due again before it was looked at: one message stands for all. */
  readonly again: number;
  /** Null when too much waits for the agent already. */
  readonly message: MessageId | null;
  /** When it is due next; null when it is over. */
  readonly nextMs: number | null;
}

/** The events of this area. */
export type TimerEvent = TimerSet | TimerCancelled | TimerFired;
