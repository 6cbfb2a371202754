/** Draws operations on leases. */
import { leasesIn } from "../../src/index.ts";
import { root } from "../world.ts";
import type { Made, Setting } from "./setting.ts";

/** Draws an operation on leases: few names, so that they meet. */
export function makeLease({ state, choices }: Setting, verb: string): Made | undefined {
  const grant = choices.of([...state.grants.values()].filter((one) => choices.chance(50) || one.parent === null));
  const anybody = grant === undefined ? root : { principal: grant.holder, grant: grant.id };
  const forMs = choices.chance(30) ? 1 + choices.below(50) : 1 + choices.below(200_000);
  const name = `r${choices.below(3)}`;
  if (verb === "take") return { draft: { resource: name, forMs }, by: anybody };
  const lease = choices.of(choices.chance(15) ? state.leases.values() : leasesIn(state, state.head.timeMs));
  if (lease === undefined && choices.chance(80)) return undefined;
  const resource = lease?.id ?? name;
  const epoch = Math.max(1, (lease?.epoch ?? 1) - (choices.chance(15) ? 1 : 0));
  const owner = lease === undefined ? anybody : { principal: lease.holder, grant: lease.grant };
  const by = choices.chance(75) ? owner : anybody;
  if (verb === "release") return choices.chance(60) ? { draft: { resource, epoch }, by } : undefined;
  return { draft: { resource, epoch, forMs }, by };
}
