/** `lease.release`: who owns a resource gives it back, or an administrator takes it from him. */
import { isCovered } from "../authority/covers.ts";
import { integer, oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, grantAsked, type OperationKind } from "../decision.ts";
import { heldLease } from "../leases.ts";

/** Releases a lease. */
export interface LeaseRelease {
  readonly type: "lease.release";
  readonly resource: string;
  /** As it was taken with: a release that comes late does not end the next one's. */
  readonly epoch: number;
}

/** How it is read and decided. */
export const leaseRelease: OperationKind<LeaseRelease> = {
  shape: record<LeaseRelease>({
    type: oneOf("lease.release"),
    resource: name,
    epoch: integer(1, Number.MAX_SAFE_INTEGER),
  }),
  decide: (state, { resource, epoch }, moment) => {
    const anybodys = isCovered(grantAsked(state, moment).permissions, "vault.admin:*");
    const { timeMs, stamp } = moment;
    const found = heldLease(state, { resource, epoch, anybodys, principal: stamp.principal, timeMs });
    if ("refused" in found) return found;
    const agent = state.principals.get(found.lease.holder)?.agent ?? null;
    return accept({ type: "lease.released", schema: 1, resource, agent, epoch });
  },
};
