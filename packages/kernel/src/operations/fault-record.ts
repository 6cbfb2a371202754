/**
 * `fault.record`: the host records that something went wrong around the kernel, or how many refusals it did not record
 * singly. Host only.
 */
import type { PrincipalId } from "../ids.ts";

/** Records a fault. */
export interface FaultRecord {
  readonly type: "fault.record";
  readonly category: FaultCategory;
  /** 1..100 */
  readonly code: number;
  readonly severity: "info" | "warning" | "error" | "critical";
  readonly component: string;
  readonly message: string;
  /** Whom it concerns. */
  readonly principal: PrincipalId | null;
  /** How often, for what is counted together. */
  readonly count: number;
}

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
