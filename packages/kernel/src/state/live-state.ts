/** The state as the kernel changes it: tables, their indexes, and trials that leave no trace. */
import { fault } from "../failure.ts";
import { compareIds } from "../ids.ts";
import type {
  AgentId,
  BudgetId,
  DefinitionId,
  EffectId,
  GrantId,
  MessageId,
  PrincipalId,
  RunId,
  SessionId,
  SubscriptionId,
  TaskId,
  TimerId,
  ToolId,
} from "../ids.ts";
import type {
  Agent,
  Budget,
  Definition,
  Effect,
  Family,
  FamilyRow,
  Grant,
  Head,
  Lease,
  Message,
  Principal,
  RefusalWindow,
  Run,
  Session,
  SignalWindow,
  Subscription,
  Task,
  Timer,
  Tool,
  Vault,
} from "./entities.ts";
import type { KernelLookup, KernelState } from "./state.ts";
import { Index, Table } from "./table.ts";
import type { Indexes, Trial } from "./table.ts";

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
    readonly messagesTo: Index<PrincipalId, MessageId>;
    readonly timersOf: Index<AgentId, TimerId>;
    readonly subscriptionsTo: Index<string, SubscriptionId>;
    readonly subscriptionsOf: Index<PrincipalId, SubscriptionId>;
    readonly subscriptionsUnder: Index<GrantId, SubscriptionId>;
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
    messagesTo: new Index(),
    timersOf: new Index(),
    subscriptionsTo: new Index(),
    subscriptionsOf: new Index(),
    subscriptionsUnder: new Index(),
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
    readonly messages: Table<MessageId, Message>;
    readonly subscriptions: Table<SubscriptionId, Subscription>;
    readonly timers: Table<TimerId, Timer>;
    readonly leases: Table<string, Lease>;
    readonly families: Table<string, Family>;
    readonly familyRows: Table<string, FamilyRow>;
    readonly signals: Table<PrincipalId, SignalWindow>;
    readonly refusals: Table<PrincipalId, RefusalWindow>;
  };
  readonly lookup: KernelLookup = new Lookup(this);

  constructor() {
    const { index } = this;
    const trial = this.#trial;
    this.table = {
      vault: new Table(trial),
      principals: new Table(trial),
      grants: new Table(trial, {
        enter: ({ id, parent, holder }) => {
          index.grantsBelow.add(parent, id);
          index.grantsHeldBy.add(holder, id);
        },
        leave: ({ id, parent, holder }) => {
          index.grantsBelow.remove(parent, id);
          index.grantsHeldBy.remove(holder, id);
        },
      }),
      budgets: new Table(trial, {
        enter: ({ id, parent, holder }) => {
          index.budgetsBelow.add(parent, id);
          index.budgetsHeldBy.add(holder, id);
        },
        leave: ({ id, parent, holder }) => {
          index.budgetsBelow.remove(parent, id);
          index.budgetsHeldBy.remove(holder, id);
        },
      }),
      definitions: new Table(trial, definitionIndexes(index)),
      agents: new Table(trial, {
        enter: ({ id, session, parent, definition }) => {
          index.agentsOfSession.add(session, id);
          index.agentsBelow.add(parent, id);
          index.agentsOfDefinition.add(definition, id);
        },
        leave: ({ id, session, parent, definition }) => {
          index.agentsOfSession.remove(session, id);
          index.agentsBelow.remove(parent, id);
          index.agentsOfDefinition.remove(definition, id);
        },
      }),
      runs: new Table(trial),
      tasks: new Table(trial, {
        enter: ({ id, agent }) => index.tasksOfAgent.add(agent, id),
        leave: ({ id, agent }) => index.tasksOfAgent.remove(agent, id),
      }),
      effects: new Table(trial, {
        enter: ({ id, agent, budget }) => {
          index.effectsOfAgent.add(agent, id);
          index.effectsOnBudget.add(budget, id);
        },
        leave: ({ id, agent, budget }) => {
          index.effectsOfAgent.remove(agent, id);
          index.effectsOnBudget.remove(budget, id);
        },
      }),
      tools: new Table(trial, {
        enter: ({ id, name }) => index.toolByName.add(name, id),
        leave: ({ id, name }) => index.toolByName.remove(name, id),
      }),
      sessions: new Table(trial),
      messages: new Table(trial, messageIndexes(index)),
      subscriptions: new Table(trial, subscriptionIndexes(index)),
      timers: new Table(trial, timerIndexes(index)),
      leases: new Table(trial),
      families: new Table(trial),
      familyRows: new Table(trial),
      signals: new Table(trial),
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
  get messages(): ReadonlyMap<MessageId, Message> {
    return this.table.messages.rows;
  }
  get subscriptions(): ReadonlyMap<SubscriptionId, Subscription> {
    return this.table.subscriptions.rows;
  }
  get timers(): ReadonlyMap<TimerId, Timer> {
    return this.table.timers.rows;
  }
  get leases(): ReadonlyMap<string, Lease> {
    return this.table.leases.rows;
  }
  get families(): ReadonlyMap<string, Family> {
    return this.table.families.rows;
  }
  get familyRows(): ReadonlyMap<string, FamilyRow> {
    return this.table.familyRows.rows;
  }
  get signals(): ReadonlyMap<PrincipalId, SignalWindow> {
    return this.table.signals.rows;
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

  messagesTo(recipient: PrincipalId): readonly Message[] {
    return rowsOf(this.#state.messages, this.#state.index.messagesTo.idsOf(recipient));
  }

  timersOf(agent: AgentId): readonly Timer[] {
    return rowsOf(this.#state.timers, this.#state.index.timersOf.idsOf(agent));
  }

  subscriptionsOf(subscriber: PrincipalId): readonly Subscription[] {
    return rowsOf(this.#state.subscriptions, this.#state.index.subscriptionsOf.idsOf(subscriber));
  }
}

/** The id under which the vault stands in its table of one. */
export const vaultKey: "vault" = "vault";

function rowsOf<Id extends string, Row>(rows: ReadonlyMap<Id, Row>, ids: readonly Id[]): readonly Row[] {
  const out: Row[] = [];
  for (const id of ids) {
    const row = rows.get(id);
    if (row !== undefined) out.push(row);
  }
  return out;
}

function messageIndexes({ messagesTo }: LiveState["index"]): Indexes<Message> {
  return {
    enter: ({ id, to }) => messagesTo.add(to, id),
    leave: ({ id, to }) => messagesTo.remove(to, id),
  };
}

function timerIndexes({ timersOf }: LiveState["index"]): Indexes<Timer> {
  return {
    enter: ({ id, agent }) => timersOf.add(agent, id),
    leave: ({ id, agent }) => timersOf.remove(agent, id),
  };
}

function subscriptionIndexes(index: LiveState["index"]): Indexes<Subscription> {
  return {
    enter: ({ id, topic, subscriber, grant }) => {
      index.subscriptionsTo.add(topic, id);
      index.subscriptionsOf.add(subscriber, id);
      index.subscriptionsUnder.add(grant, id);
    },
    leave: ({ id, topic, subscriber, grant }) => {
      index.subscriptionsTo.remove(topic, id);
      index.subscriptionsOf.remove(subscriber, id);
      index.subscriptionsUnder.remove(grant, id);
    },
  };
}

// Unlike all other rows, a definition is found by what changes: its status.
function definitionIndexes({ activeDefinition, proposalsOf }: LiveState["index"]): Indexes<Definition> {
  return {
    movable: true,
    enter: (definition) => {
      activeDefinition.add(activeName(definition), definition.id);
      proposalsOf.add(proposerOf(definition), definition.id);
    },
    leave: (definition) => {
      activeDefinition.remove(activeName(definition), definition.id);
      proposalsOf.remove(proposerOf(definition), definition.id);
    },
  };
}

function activeName({ status, part }: Definition): string | null {
  return status === "active" ? part.name : null;
}

function proposerOf({ status, proposer }: Definition): PrincipalId | null {
  return status === "proposed" ? proposer : null;
}
