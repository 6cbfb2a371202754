/** Events of the vault and its clock. What an event leaves out stands in the operation of the same entry. */
import type { KernelLimits } from "../limits.ts";

/** The vault is open, with these limits. */
export interface VaultOpened {
  readonly type: "vault.opened";
  readonly schema: 1;
  readonly vault: string;
  readonly limits: KernelLimits;
}

/** The limits are now these. */
export interface VaultConfigured {
  readonly type: "vault.configured";
  readonly schema: 1;
  readonly limits: KernelLimits;
}

/** The vault is held no more. */
export interface VaultResumed {
  readonly type: "vault.resumed";
  readonly schema: 1;
}

/** The clock jumped to this time, ms, and an administrator confirmed it. */
export interface ClockAccepted {
  readonly type: "clock.accepted";
  readonly schema: 1;
  readonly timeMs: number;
}

/** The events of this area. */
export type VaultEvent = VaultOpened | VaultConfigured | VaultResumed | ClockAccepted;
