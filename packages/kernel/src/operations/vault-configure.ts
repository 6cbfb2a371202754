/** `vault.configure`: an administrator changes limits of the vault. */
import { oneOf, record } from "../codec/shape.ts";
import { limits } from "../codec/shapes.ts";
import { accept, denied, openVault, type OperationKind, refuse } from "../decision.ts";
import type { KernelLimits } from "../limits.ts";

/** Changes limits; those left out stay. */
export interface VaultConfigure {
  readonly type: "vault.configure";
  readonly limits: Partial<KernelLimits>;
}

/** How it is read and decided. */
export const vaultConfigure: OperationKind<VaultConfigure> = {
  shape: record<VaultConfigure>({ type: oneOf("vault.configure"), limits }),
  decide: (state, operation, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const now = openVault(state).limits;
    return accept({ type: "vault.configured", schema: 1, limits: { ...now, ...operation.limits } });
  },
};
