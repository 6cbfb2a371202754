/** Events of the vault and its clock. What an event leaves out stands in the operation of the same entry. */
import type { KernelLimits } from "../limits.ts";

/** The vault is open, with these limits and replay flags. */
export interface VaultOpened {
  readonly type: "vault.opened";
  readonly schema: 2;
  readonly vault: string;
  /** The highest replay flag that is on; the first schema knew none. */
  readonly flags: number;
  readonly limits: KernelLimits;
}

/** The limits are now these, and so is the highest replay flag. */
export interface VaultConfigured {
  readonly type: "vault.configured";
  readonly schema: 2;
  readonly flags: number;
  readonly limits: KernelLimits;
}

/** The vault is held no more. */
export interface VaultResumed {
  readonly type: "vault.resumed";
  readonly schema: 1;
}

/** The log is another vault's from here on, which is held. */
export interface VaultForked {
  readonly type: "vault.forked";
  readonly schema: 1;
  readonly vault: string;
  /** Effects that were under way: they are the parent's. */
  readonly abandoned: number;
  /** Leases that ended with it. */
  readonly released: number;
}

/** The clock jumped to this time, ms, and an administrator confirmed it. */
export interface ClockAccepted {
  readonly type: "clock.accepted";
  readonly schema: 1;
  readonly timeMs: number;
}

/** The events of this area. */
export type VaultEvent = VaultOpened | VaultConfigured | VaultResumed | VaultForked | ClockAccepted;
