/**
 * `vault.open`: the first entry. It makes the host and root principals, the root grant (every action, widest resources)
 * and the root budget.
 */
import type { Amounts } from "../budget/amounts.ts";
import type { KernelLimits } from "../limits.ts";

/** Opens a vault: only as its first entry, stamped by `principal-1-0` without a grant. */
export interface VaultOpen {
  readonly type: "vault.open";
  readonly format: 1;
  /** `vault-` and 32 hexadecimal digits, drawn at random by the host. */
  readonly vault: string;
  readonly name: string;
  /** Name of the host principal, which alone may settle effects. */
  readonly host: string;
  /** Name of the root principal, the operator. */
  readonly root: string;
  /** What the root budget holds. */
  readonly allotment: Amounts;
  /** What differs from the defaults. */
  readonly limits?: Partial<KernelLimits>;
  /** Held: nothing starts before `vault.resume`. */
  readonly held: boolean;
}
