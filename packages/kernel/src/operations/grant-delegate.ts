/**
 * `grant.delegate`: a principal passes part of a grant it holds to another principal.
 *
 * Source: docs/decisions/0002-attenuation.md.
 */
import { grantIsLive } from "../authority/authorises.ts";
import { narrowing } from "../authority/narrowing.ts";
import { standsBelow } from "../authority/stands-below.ts";
import type { Permission } from "../authority/permission.ts";
import { nullable, oneOf, record } from "../codec/shape.ts";
import { id, momentMs, permissions } from "../codec/shapes.ts";
import { accept, full, type OperationKind, refuse } from "../decision.ts";
import type { GrantId, PrincipalId } from "../ids.ts";

/** Passes on part of the grant that is asked under, or of one below it, for at most as long. */
export interface GrantDelegate {
  readonly type: "grant.delegate";
  readonly to: PrincipalId;
  readonly parent: GrantId;
  readonly permissions: readonly Permission[];
  /** A moment; null only below a grant that never ends. */
  readonly expiresAtMs: number | null;
}

/** How it is read and decided. */
export const grantDelegate: OperationKind<GrantDelegate> = {
  shape: record<GrantDelegate>({
    type: oneOf("grant.delegate"),
    to: id("principal"),
    parent: id("grant"),
    permissions,
    expiresAtMs: nullable(momentMs),
  }),
  decide: (state, operation, moment) => {
    const { to: holder, parent } = operation;
    const held = state.grants.get(parent);
    // One answer for unknown and for another's, so that nobody can probe for grants. Who asks under one grant cannot pass on another of
    // the same holder: what proves the one may be weaker than what proves the other.
    if (held?.holder !== moment.stamp.principal || !standsBelow(state, { grant: parent, above: moment.stamp.grant })) {
      return refuse({ code: "grant_not_held", grant: parent });
    }
    const { timeMs } = moment;
    if (!grantIsLive(state, { grant: parent, timeMs })) return refuse({ code: "grant_ended", grant: parent });
    if (!state.principals.has(holder)) return refuse({ code: "holder_unknown", principal: holder });
    const wider = narrowing(held, { ...operation, timeMs });
    if (wider !== undefined) return refuse(wider);
    const over = full("grantsMax", { state, count: state.grants.size });
    if (over !== undefined) return refuse(over);
    const grant = moment.fresh("grant");
    const depthLeft = held.depthLeft - 1;
    return accept({ type: "grant.delegated", schema: 1, grant, parent, holder, depthLeft });
  },
};
