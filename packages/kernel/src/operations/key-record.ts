/** `key.record`: the host records a public key that signs for this vault. */
import { oneOf, record } from "../codec/shape.ts";
import { shortText } from "../codec/shapes.ts";
import { accept, openVault, type OperationKind, refuse } from "../decision.ts";
import { fixedLimits } from "../limits.ts";

/** Records a public key. Host only. */
export interface KeyRecord {
  readonly type: "key.record";
  /** As text, in a form that the purpose names. */
  readonly publicKey: string;
  readonly purpose: string;
}

/** How it is read and decided. */
export const keyRecord: OperationKind<KeyRecord> = {
  shape: record<KeyRecord>({ type: oneOf("key.record"), publicKey: shortText, purpose: shortText }),
  hostOnly: true,
  decide: (state, { purpose }) => {
    const max = fixedLimits.keysMax;
    if (openVault(state).keys.length >= max) return refuse({ code: "limit_reached", limit: "keysMax", max });
    return accept({ type: "key.recorded", schema: 1, purpose });
  },
};
