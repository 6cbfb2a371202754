/** Events of leases. */
import type { AgentId } from "../ids.ts";

/** Somebody alone owns a resource from now on. */
export interface LeaseTaken {
  readonly type: "lease.taken";
  readonly schema: 1;
  readonly resource: string;
  /** The agent that owns it; null for a person or service. */
  readonly agent: AgentId | null;
  /** Larger than that of every lease of the vault before. */
  readonly epoch: number;
  /** A moment: from then on it is nobody's. */
  readonly expiresAtMs: number;
}

/** It stays so until later, or until sooner. */
export interface LeaseRenewed {
  readonly type: "lease.renewed";
  readonly schema: 1;
  readonly resource: string;
  readonly agent: AgentId | null;
  readonly epoch: number;
  readonly expiresAtMs: number;
}

/** Nobody owns it any more. */
export interface LeaseReleased {
  readonly type: "lease.released";
  readonly schema: 1;
  readonly resource: string;
  readonly agent: AgentId | null;
  readonly epoch: number;
}

/** The events of this area. */
export type LeaseEvent = LeaseTaken | LeaseRenewed | LeaseReleased;
