/** `vault.configure`: an administrator changes limits of the vault. */
import type { KernelLimits } from "../limits.ts";

/** Changes limits; those left out stay. */
export interface VaultConfigure {
  readonly type: "vault.configure";
  readonly limits: Partial<KernelLimits>;
}
