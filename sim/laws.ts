/** What must hold of any state and of any row of entries: written from the promises, not from the code that keeps them. */
import {
  amountKinds,
  excess,
  genesisIds,
  partsOf,
  type AmountKind,
  type Entry,
  type KernelEvent,
  type KernelState,
} from "@toka/kernel";
import { Broken } from "./ledger.ts";

/**
 * At every level a budget holds what it was given: spent, reserved and handed down, and what goes beyond is overdraft.
 *
 * @throws Broken
 */
export function budgetsAreConserved(state: Pick<KernelState, "budgets" | "effects">): void {
  const handed = new Map<string, number>();
  const held = new Map<string, number>();
  const add = (sums: Map<string, number>, of: { readonly id: string | null; readonly kind: AmountKind; by: number }) =>
    sums.set(`${of.id} ${of.kind}`, (sums.get(`${of.id} ${of.kind}`) ?? 0) + of.by);
  for (const { parent, allotment, overdraft } of state.budgets.values())
    for (const kind of amountKinds) add(handed, { id: parent, kind, by: allotment[kind] + overdraft[kind] });
  for (const { budget, reserve } of state.effects.values())
    for (const kind of amountKinds) add(held, { id: budget, kind, by: reserve[kind] });
  for (const { id, allotment, spent, reserved, carved, overdraft } of state.budgets.values()) {
    for (const kind of amountKinds) {
      const beyond = Math.max(0, spent[kind] + reserved[kind] + carved[kind] - allotment[kind]);
      const wrong =
        (carved[kind] !== (handed.get(`${id} ${kind}`) ?? 0) && "what it handed down") ||
        (reserved[kind] !== (held.get(`${id} ${kind}`) ?? 0) && "what it holds for effects") ||
        (overdraft[kind] !== beyond && "its overdraft") ||
        (kind === "toolCalls" && beyond > 0 && "an overdraft of calls") ||
        (Math.min(spent[kind], reserved[kind], carved[kind]) < 0 && "less than nothing");
      if (wrong !== false) throw new Broken(`${id} does not add up for ${kind}: ${wrong}`);
    }
  }
}

/**
 * A grant allows no more, no longer and no deeper than the one above it, and does not outlive it.
 *
 * @throws Broken
 */
export function grantsOnlyNarrow(state: Pick<KernelState, "grants">): void {
  for (const { id, parent, permissions, expiresAtMs, depthLeft } of state.grants.values()) {
    if (parent === null) {
      if (id !== genesisIds.rootGrant) throw new Broken(`${id} stands below none`);
      continue;
    }
    const above = state.grants.get(parent);
    if (above === undefined) throw new Broken(`${id} outlives ${parent}`);
    if (excess(above.permissions, permissions).length > 0) throw new Broken(`${id} is wider than ${parent}`);
    if ((expiresAtMs ?? Infinity) > (above.expiresAtMs ?? Infinity)) throw new Broken(`${id} is longer than ${parent}`);
    if (depthLeft >= above.depthLeft) throw new Broken(`${id} is deeper than ${parent}`);
  }
}

/** What the log says of one effect. */
export interface EffectStory {
  requested: boolean;
  readonly sideEffect: string | null;
  started: number;
  settled: number;
  owed: number;
  abandoned: number;
}

/** What the log says of each effect, entry by entry. */
export class EffectStories {
  readonly stories: Map<string, EffectStory> = new Map<string, EffectStory>();

  /**
   * Takes in the next entry.
   *
   * @throws Broken when an effect is started or settled that nobody asked for, or settled twice, or by anybody but the host
   */
  take(entry: Entry): void {
    for (const { events } of partsOf(entry)) for (const event of events) this.#event(event, entry);
  }

  #event(event: KernelEvent, { position, stamp }: Entry): void {
    if (event.type === "effect.requested" || event.type === "approval.requested") {
      const sideEffect = "sideEffect" in event ? String(event.sideEffect) : null;
      const known = this.stories.get(event.effect);
      if (known === undefined)
        this.stories.set(event.effect, {
          requested: true,
          sideEffect,
          started: 0,
          settled: 0,
          owed: 0,
          abandoned: 0,
        });
      return;
    }
    if (
      event.type !== "effect.started" &&
      event.type !== "effect.settled" &&
      event.type !== "effect.owed" &&
      event.type !== "effect.abandoned"
    )
      return;
    const story = this.stories.get(event.effect);
    if (story === undefined)
      throw new Broken(`entry ${position}: ${event.type} of ${event.effect}, which nobody asked for`);
    if (stamp.principal !== genesisIds.host && event.type !== "effect.settled")
      throw new Broken(`entry ${position}: ${event.type} of ${event.effect} by ${stamp.principal}`);
    if (event.type === "effect.started") story.started += 1;
    else if (event.type === "effect.settled") story.settled += 1;
    else if (event.type === "effect.owed") story.owed += 1;
    else story.abandoned += 1;
    if (story.started > 1) throw new Broken(`entry ${position}: ${event.effect} is started twice`);
    if (story.settled + story.abandoned > 1) throw new Broken(`entry ${position}: ${event.effect} is settled twice`);
    if (story.owed > 1) throw new Broken(`entry ${position}: ${event.effect} is owed twice`);
  }
}
