/** Refusals: the first of the three kinds of no. Values with a code, in a fixed order of precedence, shown to the caller. */
import type { AmountKind } from "./budget/amounts.ts";
import type { Permission } from "./authority/permission.ts";
import type { ContentUser } from "./content-uses.ts";
import type { FamilyTrouble } from "./family-port.ts";
import type { PolicyRef, StepState, TaskEnd } from "./state/entities.ts";
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
  TaskId,
  TimerId,
} from "./ids.ts";
import type { PredicateError } from "./predicate/predicate.ts";

/** Refusals that any operation can meet, in their order of precedence, before its own. */
export type GeneralRefusal =
  | { readonly code: "vault_not_open" }
  | { readonly code: "vault_already_open" }
  | { readonly code: "clock_jump"; readonly lastMs: number; readonly stampMs: number; readonly jumpMsMax: number }
  | { readonly code: "principal_unknown"; readonly principal: PrincipalId }
  | { readonly code: "host_only"; readonly principal: PrincipalId }
  | { readonly code: "grant_not_held"; readonly grant: GrantId | null }
  | { readonly code: "grant_ended"; readonly grant: GrantId }
  | { readonly code: "vault_held" };

/** Refusals about who may do what. */
export type AuthorityRefusal =
  | { readonly code: "permission_denied"; readonly permission: Permission }
  | { readonly code: "holder_unknown"; readonly principal: PrincipalId }
  | { readonly code: "authority_exceeds_parent"; readonly excess: readonly Permission[] }
  | { readonly code: "authority_exceeds_definition"; readonly excess: readonly Permission[] }
  | { readonly code: "expiry_exceeds_parent"; readonly latestMs: number }
  | { readonly code: "expiry_passed"; readonly nowMs: number }
  | { readonly code: "delegation_too_deep"; readonly depthLeft: number }
  | { readonly code: "grant_not_revocable"; readonly grant: GrantId }
  | { readonly code: "secret_exists"; readonly name: string }
  | { readonly code: "clock_not_confirmed"; readonly stampMs: number; readonly toleranceMs: number }
  | { readonly code: "vault_not_held" }
  | { readonly code: "fork_mismatch"; readonly field: "parent" | "position"; readonly wanted: string }
  | { readonly code: "fork_of_itself"; readonly vault: string };

/** Refusals about budgets. */
export type BudgetRefusal =
  | { readonly code: "budget_not_held"; readonly budget: BudgetId }
  | { readonly code: "budget_closing"; readonly budget: BudgetId }
  | { readonly code: "budget_is_root"; readonly budget: BudgetId }
  | {
      readonly code: "budget_exhausted";
      readonly dimension: AmountKind;
      readonly available: number;
      readonly wanted: number;
    };

/** Refusals about definitions, agents and sessions. */
export type AgentRefusal =
  | { readonly code: "definition_unknown"; readonly definition: DefinitionId }
  | { readonly code: "definition_not_active"; readonly definition: DefinitionId }
  | { readonly code: "definition_not_proposed"; readonly definition: DefinitionId }
  | { readonly code: "definition_name_unknown"; readonly name: string }
  | { readonly code: "definition_has_no_previous"; readonly name: string }
  | { readonly code: "proposer_decides"; readonly definition: DefinitionId }
  | { readonly code: "agent_unknown"; readonly agent: AgentId }
  | { readonly code: "agent_not_controlled"; readonly agent: AgentId; readonly permission: Permission }
  | { readonly code: "agent_suspended"; readonly agent: AgentId }
  | { readonly code: "agent_not_suspended"; readonly agent: AgentId }
  | { readonly code: "parent_not_self"; readonly agent: AgentId }
  | { readonly code: "transition_not_declared"; readonly from: string; readonly to: string }
  | { readonly code: "run_in_progress"; readonly run: RunId }
  | { readonly code: "run_unknown"; readonly run: RunId }
  | { readonly code: "session_unknown"; readonly session: SessionId }
  | { readonly code: "agent_not_planned"; readonly name: string }
  | { readonly code: "agent_not_waiting"; readonly name: string; readonly state: string }
  | { readonly code: "restarts_used_up"; readonly name: string; readonly restartsMax: number }
  | { readonly code: "session_stopping"; readonly failed: string }
  | { readonly code: "dependency_not_met"; readonly name: string; readonly state: string }
  | { readonly code: "concurrency_reached"; readonly concurrencyMax: number }
  | { readonly code: "wave_out_of_order"; readonly next: number }
  | { readonly code: "session_has_live_agents"; readonly live: number };

/** Refusals about tasks and objectives. */
export type TaskRefusal =
  | { readonly code: "task_not_declared"; readonly key: string }
  | { readonly code: "task_exists"; readonly key: string; readonly status: TaskEnd | "scheduled" | "running" }
  | { readonly code: "task_unknown"; readonly task: TaskId }
  | { readonly code: "task_not_scheduled"; readonly task: TaskId }
  | { readonly code: "task_not_running"; readonly task: TaskId }
  | { readonly code: "task_not_due"; readonly notBeforeMs: number }
  | { readonly code: "task_not_overdue"; readonly deadlineMs: number }
  | { readonly code: "task_waits"; readonly after: string }
  | { readonly code: "condition_not_met"; readonly error: PredicateError | null }
  | { readonly code: "condition_not_false"; readonly error: PredicateError | null }
  | { readonly code: "step_unsettled"; readonly step: string; readonly status: StepState["status"] | "not-requested" }
  | { readonly code: "judge_is_subject"; readonly agent: AgentId }
  | { readonly code: "objective_not_declared"; readonly objective: string }
  | { readonly code: "method_not_declared"; readonly declared: string }
  | {
      readonly code: "verdict_contradicts_predicate";
      readonly holds: boolean;
      readonly error: PredicateError | null;
    };

/** Refusals about effects and tools. */
export type EffectRefusal =
  | { readonly code: "step_not_declared"; readonly step: string }
  | { readonly code: "step_in_flight"; readonly effect: EffectId | null }
  | { readonly code: "step_settled"; readonly status: StepState["status"] }
  | { readonly code: "tool_unknown"; readonly name: string }
  | { readonly code: "tool_exists"; readonly name: string }
  | { readonly code: "tool_not_offered"; readonly name: string }
  | { readonly code: "tool_already_offered"; readonly name: string }
  | { readonly code: "claim_beyond_tool"; readonly permission: Permission }
  | { readonly code: "approval_required"; readonly tool: string | null; readonly policy: PolicyRef | null }
  | { readonly code: "timeout_out_of_range"; readonly timeoutMsMax: number }
  | { readonly code: "effect_unknown"; readonly effect: EffectId }
  | { readonly code: "effect_already_started"; readonly effect: EffectId }
  | { readonly code: "effect_not_started"; readonly effect: EffectId }
  | { readonly code: "effect_owed"; readonly effect: EffectId }
  | { readonly code: "effect_not_owed"; readonly effect: EffectId }
  | { readonly code: "effect_unsettled"; readonly effect: EffectId }
  | { readonly code: "authority_ended"; readonly grant: GrantId };

/** Refusals about messages and topics. */
export type MessageRefusal =
  | { readonly code: "recipient_not_reachable"; readonly agent: AgentId }
  | { readonly code: "message_unknown"; readonly message: MessageId }
  | { readonly code: "already_subscribed"; readonly topic: string }
  | { readonly code: "not_subscribed"; readonly topic: string };

/** Refusals about timers. */
export type TimerRefusal =
  | { readonly code: "timer_unknown"; readonly timer: TimerId }
  | { readonly code: "timer_never_fires"; readonly nowMs: number }
  | { readonly code: "timer_not_due"; readonly nextMs: number | null };

/** Refusals about leases. */
export type LeaseRefusal =
  | {
      readonly code: "lease_held";
      readonly resource: string;
      readonly holder: PrincipalId;
      readonly epoch: number;
      readonly expiresAtMs: number;
    }
  | { readonly code: "lease_not_held"; readonly resource: string; readonly epoch: number }
  | { readonly code: "lease_expired"; readonly resource: string; readonly expiresAtMs: number };

/** Refusals about payloads. */
export interface PayloadRefusal {
  readonly code: "payload_in_use";
  readonly payload: Digest;
  /** What lives and names it. */
  readonly user: ContentUser;
}

/** Refusals about families. */
export type FamilyRefusal =
  | { readonly code: "family_version_passed"; readonly family: string; readonly version: number }
  | { readonly code: "family_unknown"; readonly family: string }
  /** Never recorded: it says what is here, not what is so. */
  | { readonly code: "family_absent"; readonly family: string; readonly program: Digest }
  | {
      readonly code: "family_failed";
      readonly family: string;
      readonly version: number;
      readonly reason: FamilyTrouble;
      readonly message: string;
    }
  /** The family's own no. */
  | {
      readonly code: "family_refused";
      readonly family: string;
      readonly version: number;
      /** A code of the family's. */
      readonly reason: string;
      /** Canonical JSON. */
      readonly detail: string;
    };

/** Refusals about policies and approvals. */
export type ApprovalRefusal =
  | { readonly code: "agent_sets_policy"; readonly principal: PrincipalId }
  | { readonly code: "policy_unknown"; readonly name: string }
  | { readonly code: "policy_denied"; readonly policy: PolicyRef; readonly error: PredicateError | null }
  | { readonly code: "approval_pending"; readonly effect: EffectId }
  | { readonly code: "approval_not_awaited"; readonly effect: EffectId }
  | { readonly code: "requester_answers"; readonly effect: EffectId }
  | { readonly code: "approval_expired"; readonly deadlineMs: number }
  | { readonly code: "approval_not_due"; readonly deadlineMs: number }
  | { readonly code: "approval_mismatch"; readonly differs: "program" | "arguments" | "claims" }
  | { readonly code: "tool_changed"; readonly tool: string };

/** A limit stands in the way: always the last answer. */
export interface LimitRefusal {
  readonly code: "limit_reached";
  readonly limit: string;
  readonly max: number;
}

/** What any operation but a batch can be refused with. */
export type PlainRefusal =
  | GeneralRefusal
  | AuthorityRefusal
  | BudgetRefusal
  | AgentRefusal
  | TaskRefusal
  | EffectRefusal
  | MessageRefusal
  | TimerRefusal
  | LeaseRefusal
  | PayloadRefusal
  | FamilyRefusal
  | ApprovalRefusal
  | LimitRefusal;

/** A refusal. A batch is refused with the first refusal among its operations. */
export type Refusal =
  | PlainRefusal
  | { readonly code: "batch_refused"; readonly index: number; readonly refusal: PlainRefusal };

/** The codes of all refusals. */
export type RefusalCode = Refusal["code"];
