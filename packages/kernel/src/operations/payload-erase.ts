/** `payload.erase`: an administrator has contents removed for good. What they were is not known here, only that nobody needs them. */
import { digest, shortText, uniqueBy } from "../codec/shapes.ts";
import { list, oneOf, record } from "../codec/shape.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import { contentUses } from "../content-uses.ts";
import type { Digest } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Erases contents. Whoever holds the log removes salt and bytes together with the entry. */
export interface PayloadErase {
  readonly type: "payload.erase";
  /** Commitments, each once: plain text, since this entry refers to none of them. */
  readonly payloads: readonly Digest[];
  readonly reason: string;
}

/** How it is read and decided. */
export const payloadErase: OperationKind<PayloadErase> = {
  shape: record<PayloadErase>({
    type: oneOf("payload.erase"),
    payloads: uniqueBy(list(digest, { min: 1, max: fixedLimits.erasedPayloadsMax }), (commitment) => commitment),
    reason: shortText,
  }),
  decide: (state, { payloads }, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const uses = contentUses(state, new Set(payloads));
    for (const payload of payloads) {
      const user = uses.get(payload);
      if (user !== undefined) return refuse({ code: "payload_in_use", payload, user });
    }
    return accept({ type: "payload.erased", schema: 1, count: payloads.length });
  },
};
