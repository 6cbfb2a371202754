/**
 * Who may read a vault: its status, its log and the stories of its entries show everything that is in it, so that reading needs a
 * permission like everything else.
 */
import { authorises, type Caller, type MachinePort } from "@toka/kernel";

import { ServiceFailure } from "./failure.ts";

/** What can be read: the resource of the permission `vault.read`. */
export type ReadableThing = "status" | "log" | "why" | "state" | "content" | "changes" | "proof";

/**
 * Asks whether a caller may read something now.
 *
 * @param machine - of the vault
 * @param options - who wants to read what, and host time
 * @throws a failure `permission_denied` when the caller does not hold the grant, or it has ended, or does not allow it
 */
export async function permitReading(
  machine: MachinePort,
  options: { readonly caller: Caller; readonly what: ReadableThing; readonly clock: () => number },
): Promise<void> {
  const { caller, what } = options;
  const permission = `vault.read:${what}`;
  if (await mayNow(machine, { ...options, permission })) return;
  throw new ServiceFailure("permission_denied", {
    message: `Cannot read the ${what} of the vault: the grant ${caller.grant ?? "null"} does not allow ${permission}`,
  });
}

/**
 * Tells whether a caller's grant allows something now.
 *
 * @param machine - of the vault
 * @param options - who, what, and host time
 * @returns false when the caller does not hold the grant, or it has ended, or does not allow it
 */
export async function mayNow(
  machine: Pick<MachinePort, "view">,
  options: { readonly caller: Caller; readonly permission: string; readonly clock: () => number },
): Promise<boolean> {
  const { caller, permission, clock } = options;
  return machine.view((state) => {
    const grant = caller.grant === null ? undefined : state.grants.get(caller.grant);
    if (grant === undefined || grant.holder !== caller.principal) return false;
    // Effective time, as the kernel reckons: a clock that was set back revives nothing.
    return authorises(state, { grant: grant.id, permission, timeMs: Math.max(clock(), state.head.timeMs) });
  });
}

/**
 * Asks whether a caller administers the vault.
 *
 * @param what - it wants to do, such as `register tools`
 * @param options - the machine, who, and host time
 * @throws a failure `permission_denied` when the caller's grant does not allow `vault.admin:*` now
 */
export async function administered(
  what: string,
  options: { readonly machine: Pick<MachinePort, "view">; readonly caller: Caller; readonly clock: () => number },
): Promise<void> {
  const permission = "vault.admin:*";
  if (await mayNow(options.machine, { ...options, permission })) return;
  throw new ServiceFailure("permission_denied", {
    message: `Cannot ${what}: the grant ${options.caller.grant ?? "null"} does not allow ${permission}`,
  });
}
