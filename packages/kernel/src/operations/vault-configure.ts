/** `vault.configure`: an administrator changes limits of the vault, or turns on replay flags that came after it. */
import { nullable, oneOf, record, upTo } from "../codec/shape.ts";
import { limits } from "../codec/shapes.ts";
import { accept, denied, openVault, type OperationKind, refuse } from "../decision.ts";
import { flagsOf, newestFlag } from "../flags.ts";
import type { KernelLimits } from "../limits.ts";

/** Changes limits and flags; those left out stay. Its first schema had no flags. */
export interface VaultConfigure {
  readonly type: "vault.configure";
  readonly schema: 2;
  readonly limits: Partial<KernelLimits>;
  /** All replay flags up to this one are on from the next entry on, whatever was on before; null for as it is. */
  readonly flags: number | null;
}

/** How it is read and decided. */
export const vaultConfigure: OperationKind<VaultConfigure> = {
  shape: record<VaultConfigure>({
    type: oneOf("vault.configure"),
    schema: oneOf(2),
    limits,
    flags: nullable(upTo(newestFlag)),
  }),
  decide: (state, operation, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const flags = Math.max(operation.flags ?? 0, flagsOf(state));
    const now = openVault(state).limits;
    return accept({ type: "vault.configured", schema: 2, flags, limits: { ...now, ...operation.limits } });
  },
};
