/** What events of the vault do to the state. */
import { allPermissions } from "../authority/permission.ts";
import type { Permission } from "../authority/permission.ts";
import { openBudget } from "../budget/booking.ts";
import { movedIn } from "../codec/moved.ts";
import type { VaultEvent, VaultOpened } from "../events/vault.ts";
import { fault } from "../failure.ts";
import { flagNumbers } from "../flags.ts";
import { genesisIds } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { Vault } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor } from "./cause.ts";
import { cutLoose, skipMissed } from "./hold.ts";
import { moveFolders } from "./move-folders.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of the vault. */
export function evolveVault(state: LiveState, event: VaultEvent, cause: Cause): void {
  switch (event.type) {
    case "vault.opened":
      return openedVault(state, event, cause);
    case "vault.configured":
      return changeVault(state, { limits: event.limits, ...flagsIn(event) });
    case "vault.resumed":
      return resumed(state, cause);
    case "vault.forked":
      return forked(state, cause);
    case "clock.accepted":
      // The time of the entry itself moves the clock.
      return;
  }
}

function resumed(state: LiveState, { timeMs }: Cause): void {
  skipMissed(state, timeMs);
  changeVault(state, { held: false });
}

function forked(state: LiveState, cause: Cause): void {
  const { vault, moves } = askedFor(cause, "vault.fork");
  cutLoose(state, cause.timeMs);
  moveFolders(state, moves);
  // Keys and secrets are the parent's own: what they sign and open is not the fork's.
  const policies = movedIn(state.vault?.policies ?? [], moves);
  changeVault(state, { vault, held: true, keys: [], secrets: [], policies });
}

/** Replaces some of the vault's own row. */
export function changeVault(state: LiveState, change: Partial<Vault>): void {
  const vault = state.vault ?? fault("the vault changed before it was opened");
  state.table.vault.put({ ...vault, ...change });
}

// Absent where none is on, since the rows of before had no such key.
function flagsIn({ flags }: { readonly flags: number }): Pick<Vault, "flags"> {
  return flags === 0 ? {} : { flags };
}

// Those of before do not list what came later.
function rootPermissions({ flags }: VaultOpened): readonly Permission[] {
  if (flags >= flagNumbers.familiesAtGenesis) return allPermissions;
  return allPermissions.filter((permission) => permission !== "family.call:*");
}

function openedVault(state: LiveState, event: VaultOpened, cause: Cause): void {
  const { vault, format, name, held, host, root, allotment } = askedFor(cause, "vault.open");
  state.table.vault.put({
    id: "vault",
    format,
    vault,
    name,
    limits: event.limits,
    held,
    keys: [],
    secrets: [],
    policies: [],
    leasesTaken: 0,
    ...flagsIn(event),
  });
  state.table.principals.put({ id: genesisIds.host, name: host, kind: "host", agent: null, ended: [] });
  state.table.principals.put({ id: genesisIds.root, name: root, kind: "person", agent: null, ended: [] });
  state.table.grants.put({
    id: genesisIds.rootGrant,
    holder: genesisIds.root,
    parent: null,
    permissions: rootPermissions(event),
    expiresAtMs: null,
    depthLeft: fixedLimits.delegationDepthMax,
  });
  openBudget(state, {
    id: genesisIds.rootBudget,
    holder: genesisIds.root,
    parent: null,
    amounts: allotment,
    window: null,
  });
}
