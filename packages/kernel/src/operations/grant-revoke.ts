/** `grant.revoke`: who asks under a grant above it, or an administrator, ends a grant and all below it. */
import { standsBelow } from "../authority/stands-below.ts";
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, denied, type Moment, type OperationKind, refuse } from "../decision.ts";
import type { GrantId } from "../ids.ts";
import type { LiveState } from "../state/live-state.ts";

/** Ends a grant and its subtree at once. */
export interface GrantRevoke {
  readonly type: "grant.revoke";
  readonly grant: GrantId;
}

/** How it is read and decided. */
export const grantRevoke: OperationKind<GrantRevoke> = {
  shape: record<GrantRevoke>({ type: oneOf("grant.revoke"), grant: id("grant") }),
  decide: (state, { grant }, moment) => {
    const row = state.grants.get(grant);
    if (row === undefined || row.parent === null || !mayRevoke(state, { above: row.parent, moment })) {
      return refuse({ code: "grant_not_revocable", grant });
    }
    return accept({ type: "grant.revoked", schema: 1, grant, holder: row.holder });
  },
};

function mayRevoke(state: LiveState, { above, moment }: { above: GrantId; moment: Moment }): boolean {
  if (denied(state, { moment, permission: "vault.admin:*" }) === undefined) return true;
  return standsBelow(state, { grant: above, above: moment.stamp.grant });
}
