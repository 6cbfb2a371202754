/** Events of observations, metrics and alerts. What an event leaves out stands in the operation of the same entry. */
import type { AgentId, AlertId } from "../ids.ts";
import type { FaultSeverity } from "../reasons.ts";

/** Something was observed. */
export interface ObservationEmitted {
  readonly type: "observation.emitted";
  readonly schema: 1;
  /** The agent that it is of; null for people and services. */
  readonly agent: AgentId | null;
  readonly kind: string;
  readonly confidencePermille: number;
}

/** Something was measured. */
export interface MetricEmitted {
  readonly type: "metric.emitted";
  readonly schema: 1;
  readonly agent: AgentId | null;
  readonly name: string;
}

/** Somebody wants to be looked at. The process that holds the vault delivers it. */
export interface AlertRaised {
  readonly type: "alert.raised";
  readonly schema: 1;
  readonly alert: AlertId;
  readonly agent: AgentId | null;
  readonly severity: FaultSeverity;
  readonly code: string;
}

/** The events of this area. */
export type ObservationEvent = ObservationEmitted | MetricEmitted | AlertRaised;
