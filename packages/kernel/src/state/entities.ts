/** What the kernel's state holds: live things only. Each is a readonly row, replaced as a whole. */
import type { AmountKind } from "../budget/amounts.ts";
import type { Figures } from "../budget/figures.ts";
import type { Permission } from "../authority/permission.ts";
import type { Content } from "../content.ts";
import type { DefinitionPart, Priority } from "../definition.ts";
import type {
  AgentId,
  BudgetId,
  DefinitionId,
  Digest,
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
import type { KernelLimits } from "../limits.ts";
import type { Predicate } from "../predicate/predicate.ts";

/** Where the log stands. */
export interface Head {
  /** Position of the last entry; 0 before the first. */
  readonly position: number;
  /** Effective time of the last entry, ms since 1970. */
  readonly timeMs: number;
}

/** The vault itself. */
export interface Vault {
  readonly id: "vault";
  readonly format: 1;
  /** The vault's own id, `vault-` and 32 hexadecimal digits. */
  readonly vault: string;
  readonly name: string;
  readonly limits: KernelLimits;
  /** Held: nothing is started until somebody resumes it. */
  readonly held: boolean;
  readonly keys: readonly RecordedKey[];
  /** Names of secrets; their values are never here. */
  readonly secrets: readonly string[];
  /** In force, the one enacted first at the front. */
  readonly policies: readonly Policy[];
  /** Leases ever taken: the epoch of the last one. */
  readonly leasesTaken: number;
  /** The highest replay flag that is on; absent for none. */
  readonly flags?: number;
}

/** Somebody alone owns what is called so. */
export interface Lease {
  /** The resource's name. */
  readonly id: string;
  /** Larger than that of every lease before: who is shown a smaller one than he has seen speaks with a former owner. */
  readonly epoch: number;
  readonly holder: PrincipalId;
  /** That it was taken under, and with which it ends. */
  readonly grant: GrantId;
  readonly takenAtMs: number;
  /** A moment: from then on it is nobody's, also while its row still stands. */
  readonly expiresAtMs: number;
}

/** A family that is enabled. */
export interface Family {
  /** Its prefix. */
  readonly id: string;
  readonly version: number;
  /** The code that decides its operations. */
  readonly bundle: Content;
  /** SHA-256 of the bundle's bytes. */
  readonly program: Digest;
  /** What runs it. */
  readonly engine: string;
  /** Rows it has. */
  readonly rows: number;
  /** Characters of them, with their keys. */
  readonly chars: number;
}

/** A row of a family's own state. */
export interface FamilyRow {
  /** `FAMILY/KEY`. */
  readonly id: string;
  /** Canonical JSON. */
  readonly value: string;
}

/** What a policy does with the requests that it is about. */
export type PolicyEffect = "deny" | "require-approval" | "allow";

/** Names a policy as it stood when it decided something. */
export interface PolicyRef {
  readonly name: string;
  /** The entry that enacted it. */
  readonly position: number;
}

/** A policy that is in force. */
export interface Policy extends PolicyRef {
  readonly effect: PolicyEffect;
  /** The condition as somebody wrote it, for people. */
  readonly source: string;
  /** The condition that decides; null for every request. */
  readonly when: Predicate | null;
  /** How long a request waits for its approval; null for as long as the vault allows. */
  readonly withinMs: number | null;
}

/** A public key that signs for this vault. */
export interface RecordedKey {
  readonly publicKey: string;
  readonly purpose: string;
  /** The entry that recorded it. */
  readonly position: number;
}

/** Who acts. */
export interface Principal {
  readonly id: PrincipalId;
  readonly name: string;
  readonly kind: "host" | "person" | "service" | "agent";
  /** The agent behind it; null for people, services and agents outside this vault. */
  readonly agent: AgentId | null;
  /** The last grants it held that were revoked, newest last, at most 8: they answer `grant_ended`, not `grant_not_held`. */
  readonly ended: readonly GrantId[];
}

/** Permissions held by a principal, within those of the grant above. */
export interface Grant {
  readonly id: GrantId;
  readonly holder: PrincipalId;
  readonly parent: GrantId | null;
  readonly permissions: readonly Permission[];
  /** A moment; null never ends by itself. */
  readonly expiresAtMs: number | null;
  /** How many more times it can be delegated in a line. */
  readonly depthLeft: number;
}

/** Amounts held by a principal, carved out of those of the budget above. */
export interface Budget {
  readonly id: BudgetId;
  readonly holder: PrincipalId;
  readonly parent: BudgetId | null;
  readonly allotment: Figures;
  /** Booked by settlements, and by the budgets below that were closed. */
  readonly spent: Figures;
  /** Held for effects under way. */
  readonly reserved: Figures;
  /** Handed down: the sum of allotment + overdraft of the budgets below. */
  readonly carved: Figures;
  /** By how much spent + reserved + carved stands above the allotment; the budget above carries it. */
  readonly overdraft: Figures;
  /** Null for a lifetime budget. */
  readonly window: BudgetWindow | null;
  /** Kinds warned of since the last top-up or window. */
  readonly warned: readonly AmountKind[];
  /** Closing: nothing new is booked on it, and it goes when the last effect and budget below are gone. */
  readonly closing: boolean;
}

/** A recurring span in which the flows of a budget are spent. */
export interface BudgetWindow {
  readonly lengthMs: number;
  /** Start of the window that the budget's figures stand for. */
  readonly startMs: number;
}

/** A version of a definition. */
export interface Definition {
  readonly id: DefinitionId;
  readonly part: DefinitionPart;
  readonly source: Content;
  readonly status: "active" | "proposed" | "superseded";
  readonly proposer: PrincipalId;
  /** The version that this one took over from, to roll back to. */
  readonly previous: DefinitionId | null;
  /** No longer reachable by rolling back: it goes with its last agent. */
  readonly retired: boolean;
}

/** A live agent. */
export interface Agent {
  readonly id: AgentId;
  readonly name: string;
  readonly principal: PrincipalId;
  readonly grant: GrantId;
  readonly budget: BudgetId;
  readonly definition: DefinitionId;
  readonly parent: AgentId | null;
  readonly session: SessionId | null;
  readonly state: "running" | "suspended";
  readonly suspendReason: SuspendReason | null;
  /** The declared lifecycle state it is in. */
  readonly lifecycle: string;
  readonly run: RunId | null;
  /** Tools injected beside those of its definition. */
  readonly injected: readonly string[];
  /** Tasks that are over, by key. */
  readonly tasks: { readonly [key: string]: TaskSummary };
  /** The last verdicts, by objective. */
  readonly objectives: { readonly [key: string]: ObjectiveVerdict };
}

/** Why an agent is suspended. */
export type SuspendReason = "resource-management" | "administrative" | "maintenance" | "self-requested" | "other";

/** What stays of a task while its agent lives. */
export interface TaskSummary {
  readonly task: TaskId;
  readonly status: TaskEnd;
  readonly attempt: number;
  readonly result: Content | null;
  readonly steps: { readonly [label: string]: StepState };
}

/** How a task ended; skipped is cancelled because its own condition does not hold. */
export type TaskEnd = "completed" | "failed" | "cancelled" | "timed-out" | "skipped";

/** Where a step stands; awaiting is asked for and waits for an approval. */
export interface StepState {
  readonly status: "awaiting" | "requested" | "succeeded" | "failed" | "refused";
  /** The effect that performs it; null when the request was refused. */
  readonly effect: EffectId | null;
  readonly result: Content | null;
  /** Why it failed or was refused. */
  readonly code: string | null;
}

/** What was judged of an objective. */
export interface ObjectiveVerdict {
  readonly met: boolean;
  /** The entry that says so, with its evidence. */
  readonly position: number;
}

/** A run of an agent: from its start to its end, for accounts of work. */
export interface Run {
  readonly id: RunId;
  readonly agent: AgentId;
  readonly startedAtMs: number;
}

/** A task that is scheduled or running. */
export interface Task {
  readonly id: TaskId;
  readonly agent: AgentId;
  readonly key: string;
  readonly description: Content;
  readonly priority: Priority;
  readonly status: "scheduled" | "running";
  /** Starts so far. */
  readonly attempt: number;
  /** A retry waits until then; 0 when it need not. */
  readonly notBeforeMs: number;
  /** Start of the attempt under way. */
  readonly startedAtMs: number | null;
  /** Last report, 0..1000. */
  readonly progressPermille: number;
  readonly steps: { readonly [label: string]: StepState };
}

/** What kind of thing an effect does. */
export type EffectKind = "tool" | "code" | "undo";

/** What an effect may do to the world, which decides what is done after a crash. */
export type SideEffect = "none" | "read_only" | "idempotent" | "external" | "privileged";

/** An effect that was asked for and is not settled. */
export interface Effect {
  readonly id: EffectId;
  readonly kind: EffectKind;
  readonly label: string;
  readonly principal: PrincipalId;
  readonly grant: GrantId;
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  readonly step: string | null;
  /** Name of the tool; null for every other kind. */
  readonly tool: string | null;
  /** The effects whose changes it takes back, in ascending order; of kind undo alone. */
  readonly undoes?: readonly EffectId[];
  /** Digest of the program that was registered when it was asked for, and alone may run; null for code. */
  readonly program: Digest | null;
  readonly sideEffect: SideEffect;
  readonly arguments: Content;
  readonly claims: readonly Permission[];
  readonly budget: BudgetId;
  /** Held on the budget; nothing once it is owed. */
  readonly reserve: Figures;
  /** Booked as spent when it became owed. */
  readonly presumed: Figures;
  readonly timeoutMs: number;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
  /** Awaiting: nothing is performed until somebody allows it. */
  readonly status: "awaiting" | "requested" | "started" | "owed";
  /** Null when it needed none. */
  readonly approval: EffectApproval | null;
}

/** The approval that an effect needs. */
export interface EffectApproval {
  /** The policy that requires it; null for the side-effect class. */
  readonly policy: PolicyRef | null;
  /** A moment: an answer that comes then or later is none. */
  readonly deadlineMs: number;
  /** Who allowed it, by which entry; null while it is awaited. */
  readonly by: { readonly principal: PrincipalId; readonly position: number } | null;
}

/** A registered tool. */
export interface Tool {
  readonly id: ToolId;
  readonly name: string;
  readonly version: string;
  readonly sideEffect: SideEffect;
  readonly manifest: Content;
  /** Digest of the program it runs. */
  readonly program: Digest;
  /** The most that a call of it can claim. */
  readonly permissions: readonly Permission[];
  readonly timeoutMsMax: number;
}

/** What happens to the rest of a session when one of its agents fails. */
export type FailurePolicy = "continue" | "suspend-dependents" | "stop";

/** An orchestration of several agents. */
export interface Session {
  readonly id: SessionId;
  readonly name: string;
  readonly starter: PrincipalId;
  readonly agents: readonly SessionAgent[];
  readonly concurrencyMax: number;
  readonly onFailure: FailurePolicy;
  readonly restartsMax: number;
  readonly crew: Content;
  readonly workspace: string;
  readonly output: string;
  /** Last wave advanced to; 0 before the first. */
  readonly wave: number;
}

/** Where an agent of a session's plan stands. */
export interface SessionAgent {
  readonly name: string;
  readonly dependsOn: readonly string[];
  readonly state: "waiting" | "live" | "completed" | "failed" | "skipped";
  /** The last agent of that name, live or ended. */
  readonly agent: AgentId | null;
  /** How often it was spawned again after a failure. */
  readonly restarts: number;
}

/** A message that its recipient has not acknowledged. */
export interface Message {
  readonly id: MessageId;
  readonly to: PrincipalId;
  readonly from: PrincipalId;
  /** Its sender's name, since the sender may be gone when it is read. */
  readonly sender: string;
  /** The topic that it came by; null when it was sent to this recipient alone. */
  readonly topic: string | null;
  /** The timer that sent it; null for what somebody sent. */
  readonly timer: TimerId | null;
  readonly content: Content;
  readonly sentAtMs: number;
}

/** When a timer fires. All moments are UTC. */
export type TimerSchedule =
  | { readonly type: "once"; readonly atMs: number }
  /** At `fromMs` and again after each span; null begins one span after it is set. */
  | { readonly type: "interval"; readonly everyMs: number; readonly fromMs: number | null }
  /** Five fields as in crontab(5). */
  | { readonly type: "cron"; readonly expression: string };

/** A timer: when it fires, a message waits for its agent. */
export interface Timer {
  readonly id: TimerId;
  readonly agent: AgentId;
  /** Who set it. */
  readonly from: PrincipalId;
  readonly sender: string;
  readonly schedule: TimerSchedule;
  readonly content: Content;
  /** When it is due. */
  readonly nextMs: number;
  /** Firings with a message. */
  readonly fired: number;
  /** Firings without one of their own: it was due again before anybody looked, or too much waited for the agent. */
  readonly missed: number;
}

/** A principal gets what is sent to a topic, as long as the grant that it subscribed under is in force. */
export interface Subscription {
  readonly id: SubscriptionId;
  readonly topic: string;
  readonly subscriber: PrincipalId;
  readonly grant: GrantId;
  /** Messages that were not delivered since too many were waiting. */
  readonly missed: number;
}

/** How much a principal has said in the minute that it last said something in. */
export interface SignalWindow {
  readonly id: PrincipalId;
  /** Minutes since 1970. */
  readonly minute: number;
  readonly count: number;
  /** Bytes of the contents. */
  readonly bytes: number;
}

/** How many refusals of a principal were recorded in the minute that it was last refused in. */
export interface RefusalWindow {
  readonly id: PrincipalId;
  /** Minutes since 1970. */
  readonly minute: number;
  readonly recorded: number;
}
