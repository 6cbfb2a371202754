/**
 * The story of one entry, told from the log alone: an id carries the position of the entry that made it, so the grants and
 * budgets behind a decision are found even when they ended long ago.
 */
import {
  allPermissions,
  type Budget,
  type Entry,
  genesisIds,
  type Grant,
  isId,
  type MachinePort,
  partsOf,
  placeOf,
  type Principal,
  type RecordedEntry,
} from "@toka/kernel";

import type { BudgetLink, Explanation, GrantLink } from "./api.ts";
import { ServiceFailure } from "./failure.ts";
import { toldBy } from "./failures.ts";
import { decidingPolicy } from "./deciding-policy.ts";
import { givenApproval } from "./given-approval.ts";
import { refusalInWords } from "./refusal-words.ts";

/** Links of one chain; a kernel's delegation depth and budget trees are far below it. */
const linksMax = 64;

/**
 * Explains an entry.
 *
 * @param machine - of the vault
 * @param position - of the entry
 * @returns who asked, the grants and budgets behind it, and the verdict in words
 * @throws a failure `no_such_entry` when the log does not reach so far
 */
export async function explainEntry(machine: MachinePort, position: number): Promise<Explanation> {
  const recorded = await readEntry(machine, position);
  if (recorded === undefined) {
    const head = await machine.view((state) => state.head.position);
    throw new ServiceFailure("no_such_entry", {
      message: `Cannot explain entry ${position}: the log has entries 1 to ${head}`,
    });
  }
  const { entry, digest } = recorded;
  const entryAt = async (at: number): Promise<Entry | undefined> => (await readEntry(machine, at))?.entry;
  const asked = await requestBehind(machine, entry);
  const refusal = "refusal" in entry.outcome ? entry.outcome.refusal : null;
  return {
    position,
    digest,
    timeMs: entry.stamp.timeMs,
    operation: entry.operation.type,
    principal: { id: entry.stamp.principal, name: await nameOf(machine, entry.stamp.principal) },
    proof: entry.stamp.proof.method,
    verdict: refusal === null ? "allowed" : "refused",
    reason: refusal === null ? reasonOf(entry, asked) : refusalInWords(refusal),
    refusal,
    told: await toldBy(machine, entry),
    events: "events" in entry.outcome ? entry.outcome.events.map((event) => event.type) : [],
    causes: entry.stamp.causes,
    policy: await decidingPolicy({ entry, asked }, entryAt),
    approval: await givenApproval(entry, { entryAt, nameOf: async (id) => nameOf(machine, id) }),
    grants: await grantChain(machine, asked.stamp.grant),
    budgets: await budgetChain(machine, budgetOf(asked)),
  };
}

async function readEntry(machine: MachinePort, position: number): Promise<RecordedEntry | undefined> {
  const [recorded] = await machine.read(position - 1, { limit: 1 });
  return recorded?.entry.position === position ? recorded : undefined;
}

/** What the host does about an effect rests on the entry that asked for the effect. */
async function requestBehind(machine: MachinePort, entry: Entry): Promise<Entry> {
  const { operation } = entry;
  if (!("effect" in operation)) return entry;
  return (await readEntry(machine, placeOf(operation.effect).position))?.entry ?? entry;
}

function reasonOf(entry: Entry, asked: Entry): string {
  if (entry.stamp.grant === null) {
    return asked === entry
      ? "the host may do this and needs no grant"
      : `the host settles what entry ${asked.position} asked for, under the grants and budgets of that entry`;
  }
  return `the grant ${entry.stamp.grant} covers it`;
}

function budgetOf(entry: Entry): string | null {
  for (const { operation } of partsOf(entry)) {
    if ("budget" in operation && isId("budget", operation.budget)) return operation.budget;
    if (operation.type === "budget.carve") return operation.parent;
  }
  return null;
}

/**
 * Finds the grants behind something, the one that was used first.
 *
 * @param machine - of the vault
 * @param first - the grant that was asked under; null for none
 * @returns the chain up to the root grant, ended grants included
 */
export async function grantChain(machine: MachinePort, first: string | null): Promise<readonly GrantLink[]> {
  const chain: GrantLink[] = [];
  let id = first;
  while (id !== null && isId("grant", id) && chain.length < linksMax) {
    const { position } = placeOf(id);
    const entry = (await readEntry(machine, position))?.entry;
    const made = entry === undefined ? undefined : grantMadeBy(entry, id);
    if (made === undefined) break;
    chain.push({ ...made.link, id, holderName: await nameOf(machine, made.link.holder), issuedAt: position });
    id = made.parent;
  }
  return chain;
}

interface MadeGrant {
  readonly link: Pick<GrantLink, "holder" | "permissions" | "expiresAtMs">;
  readonly parent: Grant["parent"];
}

function grantMadeBy(entry: Entry, id: string): MadeGrant | undefined {
  if (id === genesisIds.rootGrant) {
    return { link: { holder: genesisIds.root, permissions: allPermissions, expiresAtMs: null }, parent: null };
  }
  for (const { operation, events } of partsOf(entry)) {
    const event = events.find((one) => "grant" in one && one.grant === id);
    if (event === undefined) continue;
    if (operation.type === "agent.spawn" && event.type === "agent.spawned") {
      const { permissions, expiresAtMs } = operation;
      return { link: { holder: event.principal, permissions, expiresAtMs }, parent: entry.stamp.grant };
    }
    if (operation.type === "grant.delegate" || operation.type === "grant.issue") {
      const holder = operation.type === "grant.delegate" ? operation.to : operation.holder;
      const parent = operation.type === "grant.delegate" ? operation.parent : entry.stamp.grant;
      return { link: { holder, permissions: operation.permissions, expiresAtMs: operation.expiresAtMs }, parent };
    }
  }
  return undefined;
}

async function budgetChain(machine: MachinePort, first: string | null): Promise<readonly BudgetLink[]> {
  const chain: BudgetLink[] = [];
  let id = first;
  while (id !== null && isId("budget", id) && chain.length < linksMax) {
    const { position } = placeOf(id);
    const entry = (await readEntry(machine, position))?.entry;
    const made = entry === undefined ? undefined : budgetMadeBy(entry, id);
    if (made === undefined) break;
    chain.push({ ...made.link, id, madeAt: position });
    id = made.parent;
  }
  return chain;
}

interface MadeBudget {
  readonly link: Pick<BudgetLink, "holder" | "allotment">;
  readonly parent: Budget["parent"];
}

function budgetMadeBy(entry: Entry, id: string): MadeBudget | undefined {
  if (id === genesisIds.rootBudget && entry.operation.type === "vault.open") {
    return { link: { holder: genesisIds.root, allotment: entry.operation.allotment }, parent: null };
  }
  for (const { operation, events } of partsOf(entry)) {
    const event = events.find((one) => "budget" in one && one.budget === id);
    if (event === undefined) continue;
    if (operation.type === "agent.spawn" && event.type === "agent.spawned") {
      return { link: { holder: event.principal, allotment: operation.allotment }, parent: operation.budget };
    }
    if (operation.type === "budget.allot")
      return { link: { holder: operation.holder, allotment: operation.amounts }, parent: null };
    if (operation.type === "budget.carve")
      return { link: { holder: operation.holder, allotment: operation.amounts }, parent: operation.parent };
  }
  return undefined;
}

/**
 * Finds the name of a principal, living or not.
 *
 * @param machine - of the vault
 * @param principal - its id
 * @returns its name; null when the log does not say
 */
export async function nameOf(machine: MachinePort, principal: Principal["id"] | string): Promise<string | null> {
  if (!isId("principal", principal)) return null;
  const entry = (await readEntry(machine, placeOf(principal).position))?.entry;
  if (entry === undefined) return null;
  if (entry.operation.type === "vault.open")
    return principal === genesisIds.host ? entry.operation.host : entry.operation.root;
  for (const { events } of partsOf(entry)) {
    for (const event of events) {
      if (event.type === "agent.spawned" && event.principal === principal) return event.name;
      if (event.type === "principal.registered" && event.principal === principal) return event.name;
    }
  }
  return null;
}
