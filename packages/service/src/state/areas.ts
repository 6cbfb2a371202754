/**
 * What lives in a vault, area by area, as plain rows: what `toka agent list` and its like print, and what a program reads with `--json`.
 */
import type { Amounts, PolicyEffect, PolicyRef, Predicate, TimerSchedule } from "@toka/kernel";

/** One live agent. */
export interface AgentRow {
  readonly id: string;
  readonly name: string;
  readonly definition: string;
  readonly version: string;
  /** What its definition says that it can do, the primary ones first. */
  readonly capabilities: readonly string[];
  readonly domain: string | null;
  readonly state: "running" | "suspended";
  readonly suspendReason: string | null;
  /** The declared lifecycle state it is in. */
  readonly lifecycle: string;
  readonly principal: string;
  readonly grant: string;
  readonly permissions: readonly string[];
  readonly budget: string;
  readonly allotment: Amounts;
  /** Spent and reserved together. */
  readonly used: Amounts;
  readonly parent: string | null;
  readonly session: string | null;
  /** Tasks that it declares, in order, and where each stands. */
  readonly tasks: readonly { readonly key: string; readonly status: string; readonly task: string | null }[];
  readonly objectives: readonly { readonly key: string; readonly met: boolean | null }[];
}

/** One task that is scheduled or running. */
export interface TaskRow {
  readonly id: string;
  readonly key: string;
  readonly agent: string;
  readonly agentName: string;
  readonly status: "scheduled" | "running";
  readonly priority: string;
  /** Starts so far. */
  readonly attempt: number;
  /** A retry waits until then, ms since 1970; 0 when it need not. */
  readonly notBeforeMs: number;
  readonly startedAtMs: number | null;
  readonly progressPermille: number;
  readonly steps: readonly { readonly label: string; readonly status: string; readonly code: string | null }[];
}

/** One registered tool. */
export interface ToolRow {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly sideEffect: string;
  /** Digest of the program that it runs. */
  readonly program: string;
  /** The most that a call of it can claim. */
  readonly permissions: readonly string[];
  readonly timeoutMsMax: number;
}

/** One open session. */
export interface SessionRow {
  readonly id: string;
  readonly name: string;
  readonly workspace: string;
  readonly output: string;
  readonly wave: number;
  readonly concurrencyMax: number;
  readonly onFailure: string;
  readonly restartsMax: number;
  readonly agents: readonly {
    readonly name: string;
    readonly state: string;
    readonly agent: string | null;
    readonly dependsOn: readonly string[];
    readonly restarts: number;
  }[];
}

/** One live grant. */
export interface GrantRow {
  readonly id: string;
  readonly parent: string | null;
  readonly holder: string;
  readonly holderName: string;
  readonly permissions: readonly string[];
  /** Ms since 1970; null never ends by itself. */
  readonly expiresAtMs: number | null;
  /** How many more times it can be delegated in a line. */
  readonly depthLeft: number;
}

/** One open budget, as it stands at the head of the log. */
export interface BudgetRow {
  readonly id: string;
  readonly parent: string | null;
  readonly holder: string;
  readonly holderName: string;
  readonly allotment: Amounts;
  readonly spent: Amounts;
  readonly reserved: Amounts;
  /** Handed down to the budgets below. */
  readonly carved: Amounts;
  readonly overdraft: Amounts;
  /** What can still be reserved or handed down. */
  readonly available: Amounts;
  /** Length of the recurring span in which it is spent, ms; null for a lifetime. */
  readonly windowMs: number | null;
  readonly closing: boolean;
}

/** One effect that was asked for and is not settled. */
export interface EffectRow {
  readonly id: string;
  readonly kind: string;
  readonly label: string;
  readonly status: string;
  readonly principal: string;
  readonly agent: string | null;
  readonly agentName: string | null;
  readonly task: string | null;
  readonly step: string | null;
  readonly tool: string | null;
  readonly sideEffect: string;
  readonly claims: readonly string[];
  readonly budget: string;
  /** Booked as spent because nobody knows. */
  readonly presumed: Amounts;
  readonly timeoutMs: number;
  readonly requestedAtMs: number;
  readonly startedAtMs: number | null;
}

/** One version of a definition. */
export interface DefinitionRow {
  readonly id: string;
  readonly name: string;
  readonly version: string;
  readonly status: string;
  readonly proposer: string;
  readonly tools: readonly string[];
  readonly tasks: readonly { readonly key: string; readonly priority: string; readonly after: readonly string[] }[];
  readonly permissions: readonly string[];
}

/** Who can hold grants and budgets. */
export interface PrincipalRow {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly agent: string | null;
}

/** One effect that waits for an approval. */
export interface ApprovalRow {
  /** Of the effect. */
  readonly id: string;
  readonly label: string;
  readonly principal: string;
  readonly agent: string | null;
  readonly agentName: string | null;
  readonly tool: string | null;
  readonly sideEffect: string;
  /** The policy that requires the approval; null for the side-effect class. */
  readonly policy: PolicyRef | null;
  /** An answer that comes then or later is none, ms since 1970. */
  readonly deadlineMs: number;
  /** Another program is registered under the tool's name by now, or none: it can only be denied. */
  readonly changed: boolean;
  /** What exactly will run, as an answer repeats it. */
  readonly binding: { readonly program: string | null; readonly arguments: string; readonly claims: readonly string[] };
}

/** One policy that is in force. */
export interface PolicyRow {
  /** Its name. */
  readonly id: string;
  readonly effect: PolicyEffect;
  /** Its condition as it was written. */
  readonly source: string;
  /** The condition that decides; null for every request. */
  readonly when: Predicate | null;
  /** How long a request waits for its approval, ms; null for as long as the vault allows. */
  readonly withinMs: number | null;
  /** The entry that enacted it. */
  readonly position: number;
}

/** One lease that is in force. */
export interface LeaseRow {
  /** The name of what is owned. */
  readonly id: string;
  /** Larger than that of every lease before. */
  readonly epoch: number;
  readonly holder: string;
  readonly holderName: string;
  readonly grant: string;
  readonly takenAtMs: number;
  /** From then on it is nobody's, ms since 1970. */
  readonly expiresAtMs: number;
}

/** One message that waits to be acknowledged. */
export interface MessageRow {
  readonly id: string;
  readonly to: string;
  readonly toName: string;
  readonly sender: string;
  readonly topic: string | null;
  readonly timer: string | null;
  /** Commitment to what it says. */
  readonly content: string;
  readonly bytes: number;
  readonly sentAtMs: number;
}

/** One timer that is set. */
export interface TimerRow {
  readonly id: string;
  readonly agent: string;
  readonly agentName: string;
  readonly sender: string;
  readonly schedule: TimerSchedule;
  readonly nextMs: number;
  readonly fired: number;
  readonly missed: number;
}

/** One family that is enabled. */
export interface FamilyRow {
  /** Its prefix. */
  readonly id: string;
  readonly version: number;
  /** Commitment to the bundle that decides. */
  readonly bundle: string;
  /** SHA-256 of the bundle's bytes, by which it is known for the same elsewhere. */
  readonly program: string;
  readonly engine: string;
  /** Rows it has. */
  readonly rows: number;
  /** Characters of them, with their keys. */
  readonly chars: number;
}

/** The areas, and what a row of each is. */
export interface StateRows {
  readonly agents: AgentRow;
  readonly tasks: TaskRow;
  readonly tools: ToolRow;
  readonly sessions: SessionRow;
  readonly grants: GrantRow;
  readonly budgets: BudgetRow;
  readonly effects: EffectRow;
  readonly definitions: DefinitionRow;
  readonly principals: PrincipalRow;
  readonly approvals: ApprovalRow;
  readonly policies: PolicyRow;
  readonly leases: LeaseRow;
  readonly families: FamilyRow;
  readonly messages: MessageRow;
  readonly timers: TimerRow;
}

/** The name of an area. */
export type StateArea = keyof StateRows;

/** The rows of one area at one position of the log, in the order in which they were made. */
export interface StateAnswer<Area extends StateArea> {
  readonly position: number;
  /** Effective time of the head, ms since 1970. */
  readonly timeMs: number;
  /** Rows there are; `rows` has at most `stateRowsMax` of them. */
  readonly total: number;
  readonly rows: readonly StateRows[Area][];
}
