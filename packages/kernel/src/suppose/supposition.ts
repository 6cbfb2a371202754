/**
 * What is supposed to have been otherwise: policies, a definition, or what budgets were allotted. It is laid over a state, and over
 * the operations that would bring back what was.
 */
import type { Amounts } from "../budget/amounts.ts";
import { changeBudget } from "../budget/booking.ts";
import { figuresOf } from "../budget/figures.ts";
import type { DefinitionPart } from "../definition.ts";
import { changeVault } from "../evolve/vault.ts";
import { makeId } from "../ids.ts";
import type { Operation, PlainOperation } from "../operation.ts";
import type { PolicySet } from "../operations/policy-set.ts";
import type { LiveState } from "../state/live-state.ts";

/** What is supposed. */
export type Supposition =
  | { readonly type: "policy"; readonly policies: readonly PolicySet[] }
  | { readonly type: "definition"; readonly part: DefinitionPart }
  /** By name of an agent, or id of a budget. */
  | { readonly type: "budget"; readonly amounts: { readonly [holder: string]: Amounts } };

/** A supposition while it is laid over one history. */
export class Overlay {
  readonly #of: Supposition;
  /** Of budgets: an agent may be called as an object's own functions are. */
  readonly #amounts: ReadonlyMap<string, Amounts>;
  /** As it was recorded last, of the definition that is supposed to be another. */
  #recorded: DefinitionPart | undefined;
  #places = 0;

  /** @param of what is supposed */
  constructor(of: Supposition) {
    this.#of = of;
    this.#amounts = new Map(of.type === "budget" ? Object.entries(of.amounts) : []);
  }

  /** In how many places it changed something: rows of the state, and operations. */
  get places(): number {
    return this.#places;
  }

  /**
   * Lays it over a state.
   *
   * @param state of an open vault; changed in place
   */
  begin(state: LiveState): void {
    const of = this.#of;
    if (of.type === "policy") return this.#beginPolicies(state, of.policies);
    if (of.type === "definition") return this.#beginDefinition(state, of.part);
    const named = new Map(this.#amounts);
    for (const { name, budget } of state.agents.values()) {
      const amounts = named.get(name);
      if (amounts !== undefined && !named.has(budget)) named.set(budget, amounts);
    }
    const { timeMs } = state.head;
    for (const { id } of [...state.budgets.values()]) {
      const amounts = named.get(id);
      if (amounts === undefined) continue;
      changeBudget(state, { budget: id, timeMs, change: (now) => ({ ...now, allotment: figuresOf(amounts) }) });
      this.#places += 1;
    }
  }

  /**
   * Lays it over an operation.
   *
   * @param operation as it was recorded
   * @param at position of its entry, and the state that it is decided on
   * @returns what would have been asked
   */
  asked(operation: Operation, at: { readonly position: number; readonly state: LiveState }): Operation {
    if (operation.type !== "batch") return this.#plain(operation, at);
    return { ...operation, operations: operation.operations.map((one) => this.#plain(one, at)) };
  }

  #beginPolicies(state: LiveState, policies: readonly PolicySet[]): void {
    const { position } = state.head;
    for (const { name, rule } of policies) {
      const others = (state.vault?.policies ?? []).filter((policy) => policy.name !== name);
      const enacted = rule === null ? [] : [{ name, position, ...rule }];
      changeVault(state, { policies: [...others, ...enacted] });
      this.#places += 1;
    }
  }

  #beginDefinition(state: LiveState, part: DefinitionPart): void {
    const row = state.lookup.definition(part.name);
    if (row === undefined) return;
    this.#recorded = row.part;
    state.table.definitions.put({ ...row, part });
    this.#places += 1;
  }

  #plain(operation: PlainOperation, at: { readonly position: number; readonly state: LiveState }): PlainOperation {
    const next = this.#changed(operation, at);
    if (next !== operation) this.#places += 1;
    return next;
  }

  #changed(
    operation: PlainOperation,
    { position, state }: { readonly position: number; readonly state: LiveState },
  ): PlainOperation {
    const of = this.#of;
    switch (of.type) {
      case "policy": {
        if (operation.type !== "policy.set") return operation;
        return of.policies.find(({ name }) => name === operation.name) ?? operation;
      }
      case "budget": {
        if (operation.type === "agent.spawn") {
          const allotment = this.#amounts.get(operation.name);
          return allotment === undefined ? operation : { ...operation, allotment };
        }
        if (operation.type !== "budget.allot" && operation.type !== "budget.carve") return operation;
        // It makes one id and no other, unless it stands in a batch.
        const amounts = this.#amounts.get(makeId("budget", { position, index: 0 }));
        return amounts === undefined ? operation : { ...operation, amounts };
      }
      case "definition":
        return this.#ofDefinition(operation, { part: of.part, state });
    }
  }

  #ofDefinition(
    operation: PlainOperation,
    { part, state }: { readonly part: DefinitionPart; readonly state: LiveState },
  ): PlainOperation {
    if (operation.type === "definition.register" || operation.type === "definition.propose") {
      if (operation.part.name !== part.name) return operation;
      this.#recorded = operation.part;
      return { ...operation, part };
    }
    if (operation.type !== "agent.spawn") return operation;
    if (state.definitions.get(operation.definition)?.part.name !== part.name) return operation;
    const was = this.#recorded;
    if (was === undefined) return operation;
    // Who spawned it asked for all that the definition gave; what was asked for less or else stays as it was.
    const all = same(operation.permissions, was.permissions);
    const full = same(operation.allotment, was.allotment);
    if (!all && !full) return operation;
    return {
      ...operation,
      ...(all ? { permissions: part.permissions } : {}),
      ...(full ? { allotment: part.allotment } : {}),
    };
  }
}

function same(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
