/** What events of authority do to the state. */
import type { AuthorityEvent, GrantDelegated, GrantIssued } from "../events/authority.ts";
import { genesisIds } from "../ids.ts";
import type { GrantId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { Policy } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";
import { changeVault } from "./vault.ts";

/** Applies an event of authority. */
export function evolveAuthority(state: LiveState, event: AuthorityEvent, cause: Cause): void {
  switch (event.type) {
    case "principal.registered": {
      const { kind } = askedFor(cause, "principal.register");
      state.table.principals.put({ id: event.principal, name: event.name, kind, agent: null, ended: [] });
      return;
    }
    case "grant.issued":
      return addGrant(state, event, { ...askedFor(cause, "grant.issue"), parent: genesisIds.rootGrant });
    case "grant.delegated":
      return addGrant(state, event, askedFor(cause, "grant.delegate"));
    case "grant.revoked":
      return endGrant(state, event.grant);
    case "key.recorded": {
      const { publicKey, purpose } = askedFor(cause, "key.record");
      const keys = state.vault?.keys ?? [];
      return changeVault(state, { keys: [...keys, { publicKey, purpose, position: cause.position }] });
    }
    case "secret.recorded":
      return changeVault(state, { secrets: [...(state.vault?.secrets ?? []), event.name] });
    case "policy.enacted": {
      const { rule } = askedFor(cause, "policy.set");
      const { position } = cause;
      const enacted = rule === null ? [] : [{ name: event.name, position, ...rule }];
      return changeVault(state, { policies: [...otherPolicies(state, event.name), ...enacted] });
    }
    case "policy.repealed":
      return changeVault(state, { policies: otherPolicies(state, event.name) });
  }
}

/** Ends a grant and all below it, with the subscriptions and leases made under them, and lets those who held them know why they are refused from now on. */
export function endGrant(state: LiveState, grant: GrantId): void {
  const row = rowOf(state.grants, grant);
  // In the order of creation: a set's order depends on what happened to it, and this must not.
  for (const below of state.index.grantsBelow.idsOf(grant)) endGrant(state, below);
  state.table.grants.drop(grant);
  for (const subscription of state.index.subscriptionsUnder.idsOf(grant)) state.table.subscriptions.drop(subscription);
  for (const lease of state.leases.values()) if (lease.grant === grant) state.table.leases.drop(lease.id);
  const holder = state.principals.get(row.holder);
  if (holder === undefined) return;
  const ended = [...holder.ended, grant].slice(-fixedLimits.endedGrantsKept);
  state.table.principals.put({ ...holder, ended });
}

function otherPolicies(state: LiveState, name: string): readonly Policy[] {
  return (state.vault?.policies ?? []).filter((policy) => policy.name !== name);
}

function addGrant(
  state: LiveState,
  { grant, holder, depthLeft }: GrantIssued | GrantDelegated,
  asked: { readonly parent: GrantId; readonly permissions: readonly string[]; readonly expiresAtMs: number | null },
): void {
  const { parent, permissions, expiresAtMs } = asked;
  state.table.grants.put({ id: grant, holder, parent, permissions, expiresAtMs, depthLeft });
}
