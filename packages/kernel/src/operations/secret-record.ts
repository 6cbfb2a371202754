/** `secret.record`: an administrator makes the name of a secret known; its value never comes here. */
import { oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, openVault, type OperationKind, refuse } from "../decision.ts";
import { fixedLimits } from "../limits.ts";

/** Records the name of a secret. */
export interface SecretRecord {
  readonly type: "secret.record";
  readonly name: string;
}

/** How it is read and decided. */
export const secretRecord: OperationKind<SecretRecord> = {
  shape: record<SecretRecord>({ type: oneOf("secret.record"), name }),
  decide: (state, operation, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const { secrets } = openVault(state);
    if (secrets.includes(operation.name)) return refuse({ code: "secret_exists", name: operation.name });
    const max = fixedLimits.secretsMax;
    if (secrets.length >= max) return refuse({ code: "limit_reached", limit: "secretsMax", max });
    return accept({ type: "secret.recorded", schema: 1, name: operation.name });
  },
};
