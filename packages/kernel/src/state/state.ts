/** The state as everybody outside the kernel sees it: readonly tables of readonly rows. */
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

/** The fold of a log. Only `decide` and `applyEntry` know what is behind it. */
export interface KernelState {
  readonly head: Head;
  /** Null until the vault is opened. */
  readonly vault: Vault | null;
  readonly principals: ReadonlyMap<PrincipalId, Principal>;
  readonly grants: ReadonlyMap<GrantId, Grant>;
  readonly budgets: ReadonlyMap<BudgetId, Budget>;
  readonly definitions: ReadonlyMap<DefinitionId, Definition>;
  readonly agents: ReadonlyMap<AgentId, Agent>;
  readonly runs: ReadonlyMap<RunId, Run>;
  readonly tasks: ReadonlyMap<TaskId, Task>;
  readonly effects: ReadonlyMap<EffectId, Effect>;
  readonly tools: ReadonlyMap<ToolId, Tool>;
  readonly sessions: ReadonlyMap<SessionId, Session>;
  readonly messages: ReadonlyMap<MessageId, Message>;
  readonly subscriptions: ReadonlyMap<SubscriptionId, Subscription>;
  readonly timers: ReadonlyMap<TimerId, Timer>;
  /** By the name of what is owned; a row may have run out. */
  readonly leases: ReadonlyMap<string, Lease>;
  /** By prefix. */
  readonly families: ReadonlyMap<string, Family>;
  readonly familyRows: ReadonlyMap<string, FamilyRow>;
  readonly signals: ReadonlyMap<PrincipalId, SignalWindow>;
  readonly refusals: ReadonlyMap<PrincipalId, RefusalWindow>;
  /** Entries taken from the tables by what they belong to; derived, not encoded. */
  readonly lookup: KernelLookup;
}

/** Indexes over the tables. Where an order is given it is the order of creation. */
export interface KernelLookup {
  /** The tool of that name. */
  tool(name: string): Tool | undefined;
  /** The active definition of that name. */
  definition(name: string): Definition | undefined;
  /** The live task of that key. */
  task(agent: AgentId, key: string): Task | undefined;
  /** Live tasks of an agent, in order. */
  tasksOf(agent: AgentId): readonly Task[];
  /** Unsettled effects of an agent, in order. */
  effectsOf(agent: AgentId): readonly Effect[];
  /** Live agents of a session, in order. */
  agentsOf(session: SessionId): readonly Agent[];
  /** What waits for a principal, in the order of delivery. */
  messagesTo(recipient: PrincipalId): readonly Message[];
  /** Timers of an agent, in order. */
  timersOf(agent: AgentId): readonly Timer[];
  /** The subscriptions of a principal, in order. */
  subscriptionsOf(subscriber: PrincipalId): readonly Subscription[];
}
