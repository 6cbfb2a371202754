/** `grant.issue`: an administrator gives permissions out of the root grant. */
import type { Permission } from "../authority/permission.ts";
import { integer, nullable, oneOf, record } from "../codec/shape.ts";
import { id, momentMs, permissions } from "../codec/shapes.ts";
import { accept, denied, full, type OperationKind, refuse } from "../decision.ts";
import type { PrincipalId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";

/** Issues a grant directly below the root grant. */
export interface GrantIssue {
  readonly type: "grant.issue";
  readonly holder: PrincipalId;
  readonly permissions: readonly Permission[];
  /** A moment; null never ends by itself. */
  readonly expiresAtMs: number | null;
  /** How many times in a line it may be delegated. */
  readonly depthMax: number;
}

/** How it is read and decided. */
export const grantIssue: OperationKind<GrantIssue> = {
  shape: record<GrantIssue>({
    type: oneOf("grant.issue"),
    holder: id("principal"),
    permissions,
    expiresAtMs: nullable(momentMs),
    depthMax: integer(0, fixedLimits.delegationDepthMax - 1),
  }),
  decide: (state, { holder, expiresAtMs, depthMax }, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    if (!state.principals.has(holder)) return refuse({ code: "holder_unknown", principal: holder });
    const nowMs = moment.timeMs;
    if (expiresAtMs !== null && expiresAtMs <= nowMs) return refuse({ code: "expiry_passed", nowMs });
    const over = full("grantsMax", { state, count: state.grants.size });
    if (over !== undefined) return refuse(over);
    const grant = moment.fresh("grant");
    return accept({ type: "grant.issued", schema: 1, grant, holder, depthLeft: depthMax });
  },
};
