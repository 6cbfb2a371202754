/** Whether a grant allows something now. */
import type { GrantId } from "../ids.ts";
import type { Grant } from "../state/entities.ts";
import type { KernelState } from "../state/state.ts";
import { isCovered } from "./covers.ts";
import type { Permission } from "./permission.ts";

/**
 * Tells whether a grant is in force: neither revoked nor expired. A grant below another never outlives it.
 *
 * @param state the durable state
 * @param options the grant, and the effective time in ms
 * @returns true when it is live
 */
export function grantIsLive(
  state: KernelState,
  { grant, timeMs }: { readonly grant: GrantId; readonly timeMs: number },
): boolean {
  const held = state.grants.get(grant);
  return held !== undefined && isInForce(held, timeMs);
}

/**
 * Tells whether a grant that was not revoked is in force.
 *
 * @param grant its row, as it stands
 * @param timeMs effective time
 * @returns false when it has expired
 */
export function isInForce({ expiresAtMs }: Grant, timeMs: number): boolean {
  return expiresAtMs === null || expiresAtMs > timeMs;
}

/**
 * Tells whether a grant in force allows something. The runtime asks it for each host call of a guest.
 *
 * @param state the durable state
 * @param options the grant, the permission wanted, and the effective time in ms
 * @returns true when the grant is live and one of its permissions covers the wanted one
 */
export function authorises(
  state: KernelState,
  options: { readonly grant: GrantId; readonly permission: Permission; readonly timeMs: number },
): boolean {
  const held = state.grants.get(options.grant);
  if (held === undefined || !isInForce(held, options.timeMs)) return false;
  return isCovered(held.permissions, options.permission);
}
