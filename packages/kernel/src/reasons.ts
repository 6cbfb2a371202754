/** Words for how and why things end, shared by operations and events. */

/** Why an agent ended. Only `completed` ends it well in its session. */
export type TerminateReason = "completed" | "killed" | "crashed" | "resource-limit" | "timeout" | "other";

/** Why an attempt failed. */
export type TaskFailReason =
  | "invalid-input"
  | "resource-unavailable"
  | "permission-denied"
  | "network-error"
  | "file-system-error"
  | "agent-error"
  | "system-error"
  | "other";

/** Why a task is cancelled. */
export type TaskCancelReason =
  | "condition-not-met"
  | "dependency-failed"
  | "not-needed"
  | "superseded"
  | "agent-ended"
  | "operator"
  | "other";

/** What came of an effect. */
export type EffectOutcome = "succeeded" | "failed" | "timed-out" | "limit" | "aborted" | "conflict" | "unknown";

/** What part of the world a fault is in. */
export type FaultCategory =
  | "security"
  | "network"
  | "storage"
  | "agent"
  | "task"
  | "resource"
  | "configuration"
  | "other";

/** How bad a fault is. */
export type FaultSeverity = "info" | "warning" | "error" | "critical";

/** How a run or a session ended. */
export type EndOutcome = "completed" | "failed" | "cancelled";
