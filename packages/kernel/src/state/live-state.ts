/** The state as the kernel changes it: tables, their indexes, and trials that leave no trace. */
import { fault } from "../failure.ts";
import { compareIds } from "../ids.ts";
import type {
  AgentId,
  BudgetId,
  DefinitionId,
  EffectId,
  GrantId,
  PrincipalId,
  RunId,
  SessionId,
  TaskId,
  ToolId,
} from "../ids.ts";
import type {
  Agent,
  Budget,
  Definition,
  Effect,
  Grant,
  Head,
  Principal,
  RefusalWindow,
  Run,
  Session,
  Task,
  Tool,
  Vault,
} from "./entities.ts";
import type { KernelLookup, KernelState } from "./state.ts";
import { Index, Table } from "./table.ts";
import type { Trial } from "./table.ts";

/** The one implementation of KernelState. */
export class LiveState implements KernelState {
  head: Head = { position: 0, timeMs: 0 };
  headDirty = false;
  readonly #trial: Trial = { undo: null };
  readonly index: {
    readonly grantsBelow: Index<GrantId, GrantId>;
    readonly grantsHeldBy: Index<PrincipalId, GrantId>;
    readonly budgetsBelow: Index<BudgetId, BudgetId>;
    readonly budgetsHeldBy: Index<PrincipalId, BudgetId>;
    readonly effectsOnBudget: Index<BudgetId, EffectId>;
    readonly effectsOfAgent: Index<AgentId, EffectId>;
    readonly tasksOfAgent: Index<AgentId, TaskId>;
    readonly agentsOfSession: Index<SessionId, AgentId>;
    readonly agentsBelow: Index<AgentId, AgentId>;
    readonly agentsOfDefinition: Index<DefinitionId, AgentId>;
    readonly toolByName: Index<string, ToolId>;
    readonly activeDefinition: Index<string, DefinitionId>;
    readonly proposalsOf: Index<PrincipalId, DefinitionId>;
  } = {
    grantsBelow: new Index(),
    grantsHeldBy: new Index(),
    budgetsBelow: new Index(),
    budgetsHeldBy: new Index(),
    effectsOnBudget: new Index(),
    effectsOfAgent: new Index(),
    tasksOfAgent: new Index(),
    agentsOfSession: new Index(),
    agentsBelow: new Index(),
    agentsOfDefinition: new Index(),
    toolByName: new Index(),
    activeDefinition: new Index(),
    proposalsOf: new Index(),
  };
  readonly table: {
    readonly vault: Table<"vault", Vault>;
    readonly principals: Table<PrincipalId, Principal>;
    readonly grants: Table<GrantId, Grant>;
    readonly budgets: Table<BudgetId, Budget>;
    readonly definitions: Table<DefinitionId, Definition>;
    readonly agents: Table<AgentId, Agent>;
    readonly runs: Table<RunId, Run>;
    readonly tasks: Table<TaskId, Task>;
    readonly effects: Table<EffectId, Effect>;
    readonly tools: Table<ToolId, Tool>;
    readonly sessions: Table<SessionId, Session>;
    readonly refusals: Table<PrincipalId, RefusalWindow>;
  };
  readonly lookup: KernelLookup = new Lookup(this);

  constructor() {
    const { index } = this;
    const trial = this.#trial;
    this.table = {
      vault: new Table(trial),
      principals: new Table(trial),
      grants: new Table(trial, (before, after) => {
        const id = idOf(before, after);
        index.grantsBelow.move(id, { from: before?.parent ?? null, to: after?.parent ?? null });
        index.grantsHeldBy.move(id, { from: before?.holder ?? null, to: after?.holder ?? null });
      }),
      budgets: new Table(trial, (before, after) => {
        const id = idOf(before, after);
        index.budgetsBelow.move(id, { from: before?.parent ?? null, to: after?.parent ?? null });
        index.budgetsHeldBy.move(id, { from: before?.holder ?? null, to: after?.holder ?? null });
      }),
      definitions: new Table(trial, (before, after) => {
        const id = idOf(before, after);
        index.activeDefinition.move(id, { from: activeName(before), to: activeName(after) });
        index.proposalsOf.move(id, { from: proposerOf(before), to: proposerOf(after) });
      }),
      agents: new Table(trial, (before, after) => {
        const id = idOf(before, after);
        index.agentsOfSession.move(id, { from: before?.session ?? null, to: after?.session ?? null });
        index.agentsBelow.move(id, { from: before?.parent ?? null, to: after?.parent ?? null });
        index.agentsOfDefinition.move(id, { from: before?.definition ?? null, to: after?.definition ?? null });
      }),
      runs: new Table(trial),
      tasks: new Table(trial, (before, after) => {
        index.tasksOfAgent.move(idOf(before, after), { from: before?.agent ?? null, to: after?.agent ?? null });
      }),
      effects: new Table(trial, (before, after) => {
        const id = idOf(before, after);
        index.effectsOfAgent.move(id, { from: before?.agent ?? null, to: after?.agent ?? null });
        index.effectsOnBudget.move(id, { from: before?.budget ?? null, to: after?.budget ?? null });
      }),
      tools: new Table(trial, (before, after) => {
        index.toolByName.move(idOf(before, after), { from: before?.name ?? null, to: after?.name ?? null });
      }),
      sessions: new Table(trial),
      refusals: new Table(trial),
    };
  }

  get vault(): Vault | null {
    return this.table.vault.rows.get(vaultKey) ?? null;
  }
  get principals(): ReadonlyMap<PrincipalId, Principal> {
    return this.table.principals.rows;
  }
  get grants(): ReadonlyMap<GrantId, Grant> {
    return this.table.grants.rows;
  }
  get budgets(): ReadonlyMap<BudgetId, Budget> {
    return this.table.budgets.rows;
  }
  get definitions(): ReadonlyMap<DefinitionId, Definition> {
    return this.table.definitions.rows;
  }
  get agents(): ReadonlyMap<AgentId, Agent> {
    return this.table.agents.rows;
  }
  get runs(): ReadonlyMap<RunId, Run> {
    return this.table.runs.rows;
  }
  get tasks(): ReadonlyMap<TaskId, Task> {
    return this.table.tasks.rows;
  }
  get effects(): ReadonlyMap<EffectId, Effect> {
    return this.table.effects.rows;
  }
  get tools(): ReadonlyMap<ToolId, Tool> {
    return this.table.tools.rows;
  }
  get sessions(): ReadonlyMap<SessionId, Session> {
    return this.table.sessions.rows;
  }
  get refusals(): ReadonlyMap<PrincipalId, RefusalWindow> {
    return this.table.refusals.rows;
  }

  /** Moves the head on; never in a trial. */
  advance(head: Head): void {
    this.head = head;
    this.headDirty = true;
  }

  /**
   * The budgets that the trial under way has changed and that still exist, in the order of creation.
   *
   * @returns their rows as they stand now
   */
  changedBudgets(): readonly Budget[] {
    return rowsOf(this.budgets, [...this.table.budgets.touched].sort(compareIds));
  }

  /**
   * Runs something and takes back every change it made to the tables. Trials nest.
   *
   * @returns what `attempt` returns
   */
  trial<T>(attempt: () => T): T {
    const outer = this.#trial.undo;
    const undo: (() => void)[] = [];
    this.#trial.undo = undo;
    this.table.budgets.touched.clear();
    try {
      return attempt();
    } finally {
      for (const step of undo.reverse()) step();
      this.#trial.undo = outer;
    }
  }
}

/**
 * The kernel's own view of a state that it was handed.
 *
 * @returns the same state
 * @throws Fault when the state was not made by this kernel
 */
export function live(state: KernelState): LiveState {
  if (state instanceof LiveState) return state;
  return fault("the state was not made by emptyState or decodeState");
}

class Lookup implements KernelLookup {
  readonly #state: LiveState;

  constructor(state: LiveState) {
    this.#state = state;
  }

  tool(name: string): Tool | undefined {
    const id = this.#state.index.toolByName.onlyOf(name);
    return id === undefined ? undefined : this.#state.tools.get(id);
  }

  definition(name: string): Definition | undefined {
    const id = this.#state.index.activeDefinition.onlyOf(name);
    return id === undefined ? undefined : this.#state.definitions.get(id);
  }

  task(agent: AgentId, key: string): Task | undefined {
    for (const id of this.#state.index.tasksOfAgent.idsOf(agent)) {
      const task = this.#state.tasks.get(id);
      if (task?.key === key) return task;
    }
    return undefined;
  }

  tasksOf(agent: AgentId): readonly Task[] {
    return rowsOf(this.#state.tasks, this.#state.index.tasksOfAgent.idsOf(agent));
  }

  effectsOf(agent: AgentId): readonly Effect[] {
    return rowsOf(this.#state.effects, this.#state.index.effectsOfAgent.idsOf(agent));
  }

  agentsOf(session: SessionId): readonly Agent[] {
    return rowsOf(this.#state.agents, this.#state.index.agentsOfSession.idsOf(session));
  }
}

/** The id under which the vault stands in its table of one. */
export const vaultKey: "vault" = "vault";

function rowsOf<Id extends AgentId | TaskId | EffectId | BudgetId, Row>(
  rows: ReadonlyMap<Id, Row>,
  ids: readonly Id[],
): readonly Row[] {
  const out: Row[] = [];
  for (const id of ids) {
    const row = rows.get(id);
    if (row !== undefined) out.push(row);
  }
  return out;
}

function idOf<Key>(before: { readonly id: Key } | undefined, after: { readonly id: Key } | undefined): Key {
  return (after ?? before)?.id ?? fault("a row changed that never was");
}

function activeName(definition: Definition | undefined): string | null {
  return definition?.status === "active" ? definition.part.name : null;
}

function proposerOf(definition: Definition | undefined): PrincipalId | null {
  return definition?.status === "proposed" ? definition.proposer : null;
}
