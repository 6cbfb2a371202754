/** What events of leases do to the state. */
import type { LeaseEvent } from "../events/lease.ts";
import { genesisIds } from "../ids.ts";
import { isOwned } from "../leases.ts";
import type { LiveState } from "../state/live-state.ts";
import { rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";
import { changeVault } from "./vault.ts";

/** Applies an event of leases. */
export function evolveLease(state: LiveState, event: LeaseEvent, cause: Cause): void {
  const { resource: id } = event;
  switch (event.type) {
    case "lease.taken": {
      // What has run out may still stand; it goes when the next one is taken.
      for (const lease of state.leases.values()) {
        if (!isOwned(lease, cause.timeMs)) state.table.leases.drop(lease.id);
      }
      const { principal: holder, grant } = cause.stamp;
      const under = rowOf(state.grants, grant ?? genesisIds.rootGrant).id;
      const { epoch, expiresAtMs } = event;
      state.table.leases.put({ id, epoch, holder, grant: under, takenAtMs: cause.timeMs, expiresAtMs });
      return changeVault(state, { leasesTaken: epoch });
    }
    case "lease.renewed": {
      const lease = rowOf(state.leases, id);
      return state.table.leases.replace(lease, { ...lease, expiresAtMs: event.expiresAtMs });
    }
    case "lease.released":
      return state.table.leases.drop(id);
  }
}
