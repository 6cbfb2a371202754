/** `vault.resume`: an administrator lets a held vault start things again. What recurs and came due meanwhile is not made up for. */
import { oneOf, record } from "../codec/shape.ts";
import { accept, denied, openVault, type OperationKind, refuse } from "../decision.ts";

/** Takes the vault out of held. */
export interface VaultResume {
  readonly type: "vault.resume";
}

/** How it is read and decided. */
export const vaultResume: OperationKind<VaultResume> = {
  shape: record<VaultResume>({ type: oneOf("vault.resume") }),
  decide: (state, _operation, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    if (!openVault(state).held) return refuse({ code: "vault_not_held" });
    return accept({ type: "vault.resumed", schema: 1 });
  },
};
