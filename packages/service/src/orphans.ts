/**
 * Effects whose asker is gone: `exec` and `tool run` wait for theirs, and a process that died waits for nothing.
 */
import type { Caller, Effect, Grant, GrantId, MachinePort } from "@toka/kernel";

import { jobLabels, permissionOf } from "./exec.ts";

/**
 * Ends the grants of effects that nobody waits for any more, so that the gate does not perform them when it looks at what is left. Such an
 * effect stands for no agent, has the label that `exec` or `tool run` gives, and has a grant to itself: what its asker passed to itself
 * for a time, holding exactly what this effect claims. A grant that anything else was passed on with is left alone.
 *
 * @param options - the machine before its gate is opened, and who administers the vault
 */
export async function endOrphans({
  machine,
  operator,
}: {
  readonly machine: MachinePort;
  readonly operator: Caller;
}): Promise<void> {
  const orphans = await machine.view((state) => {
    const grants: GrantId[] = [];
    for (const effect of state.effects.values()) {
      const grant = state.grants.get(effect.grant);
      if (grant === undefined || !isJob(effect) || !isForAlone(grant, effect)) continue;
      if (grant.parent !== null && state.grants.get(grant.parent)?.holder === grant.holder) grants.push(grant.id);
    }
    return grants;
  });
  await Promise.all(
    orphans.map(async (grant) => machine.submit({ type: "grant.revoke", grant }, { caller: operator })),
  );
}

function isJob({ agent, label }: Effect): boolean {
  return agent === null && jobLabels.has(label);
}

function isForAlone({ permissions, expiresAtMs }: Grant, effect: Effect): boolean {
  const asked = new Set([...effect.claims, permissionOf(effect)]);
  return (
    expiresAtMs !== null &&
    permissions.length === asked.size &&
    permissions.every((permission) => asked.has(permission))
  );
}
