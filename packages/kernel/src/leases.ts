/**
 * Leases: who alone owns something of a name for a while, and the epoch by which others know the owner of now from the one before.
 *
 * Source: docs/decisions/0023-leases.md.
 */
import type { PrincipalId } from "./ids.ts";
import type { PlainRefusal } from "./refusal.ts";
import type { Lease } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/**
 * The lease on a resource.
 *
 * @param state in which it stands
 * @param options the resource's name, and the effective time in ms
 * @returns its row, or undefined when nobody owns it, or no longer
 */
export function leaseOn(
  state: KernelState,
  { resource, timeMs }: { readonly resource: string; readonly timeMs: number },
): Lease | undefined {
  const row = state.leases.get(resource);
  return row !== undefined && isOwned(row, timeMs) ? row : undefined;
}

/**
 * The leases in force.
 *
 * @param state in which they stand
 * @param timeMs effective time
 * @returns them, the one taken first at the front
 */
export function leasesIn(state: KernelState, timeMs: number): readonly Lease[] {
  const leases = [...state.leases.values()].filter((lease) => isOwned(lease, timeMs));
  return leases.toSorted((left, right) => left.epoch - right.epoch);
}

/**
 * Tells whether a lease has not run out.
 *
 * @returns false from its end on
 */
export function isOwned({ expiresAtMs }: Lease, timeMs: number): boolean {
  return timeMs < expiresAtMs;
}

/**
 * Whether who asks is an agent that is suspended: it takes nothing.
 *
 * @returns the refusal, or undefined
 */
export function suspendedOwner(
  state: KernelState,
  { principal }: { readonly principal: PrincipalId },
): PlainRefusal | undefined {
  const id = state.principals.get(principal)?.agent ?? null;
  const agent = id === null ? undefined : state.agents.get(id);
  return agent?.state === "suspended" ? { code: "agent_suspended", agent: agent.id } : undefined;
}

/**
 * The lease that somebody speaks of who says that it is his.
 *
 * @param state in which it stands
 * @param options resource and epoch as he gives them, whether another's will do, who asks, and the effective time in ms
 * @returns the lease, or the refusal
 */
export function heldLease(
  state: KernelState,
  options: {
    readonly resource: string;
    readonly epoch: number;
    readonly anybodys: boolean;
    readonly principal: PrincipalId;
    readonly timeMs: number;
  },
): { readonly lease: Lease } | { readonly refused: PlainRefusal } {
  const { resource, epoch, anybodys, principal, timeMs } = options;
  const lease = state.leases.get(resource);
  // One answer for what nobody owns, for another's and for an older epoch.
  if (lease?.epoch !== epoch || (lease.holder !== principal && !anybodys)) {
    return { refused: { code: "lease_not_held", resource, epoch } };
  }
  if (isOwned(lease, timeMs)) return { lease };
  return { refused: { code: "lease_expired", resource, expiresAtMs: lease.expiresAtMs } };
}
