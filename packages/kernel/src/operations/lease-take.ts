/** `lease.take`: the asker alone owns what is called so, until a moment, as long as the grant asked under is in force. */
import { integer, oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, grantAsked, type Moment, openVault, type OperationKind, refuse } from "../decision.ts";
import { leaseOn, leasesIn, suspendedOwner } from "../leases.ts";
import { fixedLimits } from "../limits.ts";
import type { PlainRefusal } from "../refusal.ts";
import type { LiveState } from "../state/live-state.ts";

/** Takes a lease. */
export interface LeaseTake {
  readonly type: "lease.take";
  /** A name; what it stands for is the callers' to agree on. */
  readonly resource: string;
  /** For how long; less when the grant asked under ends sooner. */
  readonly forMs: number;
}

/** How it is read and decided. */
export const leaseTake: OperationKind<LeaseTake> = {
  shape: record<LeaseTake>({
    type: oneOf("lease.take"),
    resource: name,
    forMs: integer(1, fixedLimits.leaseMsMax),
  }),
  decide: (state, { resource, forMs }, moment) => {
    const no =
      denied(state, { moment, permission: `lease.take:${resource}` }) ??
      suspendedOwner(state, moment.stamp) ??
      owned(state, { resource, moment }) ??
      crowded(state, moment);
    if (no !== undefined) return refuse(no);
    const agent = state.principals.get(moment.stamp.principal)?.agent ?? null;
    const epoch = openVault(state).leasesTaken + 1;
    const expiresAtMs = Math.min(moment.timeMs + forMs, grantAsked(state, moment).expiresAtMs ?? Infinity);
    return accept({ type: "lease.taken", schema: 1, resource, agent, epoch, expiresAtMs });
  },
};

type Amiss = PlainRefusal | undefined;

// Also when it is the asker's own: who does not know that he owns it must not go on with two owners in one.
function owned(state: LiveState, { resource, moment }: { readonly resource: string; readonly moment: Moment }): Amiss {
  const lease = leaseOn(state, { resource, timeMs: moment.timeMs });
  if (lease === undefined) return undefined;
  const { holder, epoch, expiresAtMs } = lease;
  return { code: "lease_held", resource, holder, epoch, expiresAtMs };
}

function crowded(state: LiveState, { timeMs }: Moment): Amiss {
  const max = fixedLimits.leasesMax;
  if (state.leases.size < max || leasesIn(state, timeMs).length < max) return undefined;
  return { code: "limit_reached", limit: "leasesMax", max };
}
