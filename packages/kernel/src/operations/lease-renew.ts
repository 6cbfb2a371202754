/** `lease.renew`: who owns a resource owns it until another moment, counted from now. */
import { integer, oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import { flagNumbers, isOn } from "../flags.ts";
import { heldLease, suspendedOwner } from "../leases.ts";
import { fixedLimits } from "../limits.ts";

/** Renews a lease. */
export interface LeaseRenew {
  readonly type: "lease.renew";
  readonly resource: string;
  /** As it was taken with. */
  readonly epoch: number;
  /** For how long from now; less when the grant that it was taken under ends sooner. */
  readonly forMs: number;
}

/** How it is read and decided. */
export const leaseRenew: OperationKind<LeaseRenew> = {
  shape: record<LeaseRenew>({
    type: oneOf("lease.renew"),
    resource: name,
    epoch: integer(1, Number.MAX_SAFE_INTEGER),
    forMs: integer(1, fixedLimits.leaseMsMax),
  }),
  decide: (state, { resource, epoch, forMs }, moment) => {
    const no = denied(state, { moment, permission: `lease.take:${resource}` });
    if (no !== undefined) return refuse(no);
    const { timeMs, stamp } = moment;
    const still = isOn(state, flagNumbers.suspendedOwner) ? suspendedOwner(state, stamp) : undefined;
    if (still !== undefined) return refuse(still);
    const found = heldLease(state, { resource, epoch, anybodys: false, principal: stamp.principal, timeMs });
    if ("refused" in found) return found;
    const agent = state.principals.get(stamp.principal)?.agent ?? null;
    const endsMs = state.grants.get(found.lease.grant)?.expiresAtMs ?? Infinity;
    const expiresAtMs = Math.min(timeMs + forMs, endsMs);
    return accept({ type: "lease.renewed", schema: 1, resource, agent, epoch, expiresAtMs });
  },
};
