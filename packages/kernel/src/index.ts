/** Public surface of @toka/kernel: the pure deciding core. Names each export. */
export { genesisPrevious, genesisIds, makeId, isId, placeOf, compareIds } from "./ids.ts";
export type {
  Id,
  PrincipalId,
  GrantId,
  BudgetId,
  DefinitionId,
  AgentId,
  RunId,
  TaskId,
  EffectId,
  ToolId,
  SessionId,
  MessageId,
  IdKind,
  Digest,
} from "./ids.ts";
export type { Content, InputValue, Input } from "./content.ts";
export type { Proof, Stamp } from "./stamp.ts";
export { defaultLimits, limitCeilings, fixedLimits } from "./limits.ts";
export type { KernelLimits } from "./limits.ts";
export { amountKinds, noAmounts, amountOf, amountsBy, addAmounts, lessAmounts, isNothing } from "./budget/amounts.ts";
export type { AmountKind, Amounts } from "./budget/amounts.ts";
export { actions, allPermissions, permissionProblem, isPath, isName } from "./authority/permission.ts";
export type { Permission } from "./authority/permission.ts";
export type { PredicateValue, PredicateScalar, Predicate, PredicateError, Verdict } from "./predicate/predicate.ts";
export type {
  DefinitionPart,
  Lifecycle,
  DefinitionLimits,
  Priority,
  TaskPart,
  StepPart,
  ObjectivePart,
  JudgeMethod,
} from "./definition.ts";
export { Malformed, Newer, Fault } from "./failure.ts";
export { replayFlags, newestFlag, flagsOf } from "./flags.ts";
export type { Failure } from "./failure.ts";
export type { PlainRefusal, Refusal, RefusalCode } from "./refusal.ts";
export type {
  TerminateReason,
  TaskFailReason,
  TaskCancelReason,
  EffectOutcome,
  FaultCategory,
  FaultSeverity,
  EndOutcome,
} from "./reasons.ts";
export type { KernelEvent, EventType } from "./event.ts";
export type {
  AgentSpawned,
  AgentSuspended,
  AgentResumed,
  AgentTerminated,
  AgentTransitioned,
  RunStarted,
  RunEnded,
} from "./events/agent.ts";
export type {
  PrincipalRegistered,
  GrantIssued,
  GrantDelegated,
  GrantRevoked,
  KeyRecorded,
  SecretRecorded,
  PolicyEnacted,
  PolicyRepealed,
} from "./events/authority.ts";
export type { BudgetAllotted, BudgetCarved, BudgetToppedUp, BudgetClosed, BudgetWarned } from "./events/budget.ts";
export type {
  DefinitionRegistered,
  DefinitionProposed,
  DefinitionPromoted,
  DefinitionRejected,
  DefinitionRolledBack,
} from "./events/definition.ts";
export type {
  EffectRequested,
  EffectStarted,
  EffectSettled,
  EffectOwed,
  EffectAbandoned,
  ToolRegistered,
  ToolUpdated,
  ToolUnregistered,
  ToolInjected,
} from "./events/effect.ts";
export type { ApprovalRequested, ApprovalAllowed, ApprovalDenied, ApprovalExpired } from "./events/approval.ts";
export type { LeaseTaken, LeaseRenewed, LeaseReleased } from "./events/lease.ts";
export type { SessionStarted, SessionAdvanced, SessionEnded, FaultRecorded } from "./events/session.ts";
export type {
  TaskScheduled,
  TaskStarted,
  TaskReported,
  TaskCompleted,
  TaskFailed,
  TaskCancelled,
  TaskTimedOut,
  ObjectiveJudged,
} from "./events/task.ts";
export type { VaultOpened, VaultConfigured, VaultResumed, VaultForked, ClockAccepted } from "./events/vault.ts";
export type { AgentResume } from "./operations/agent-resume.ts";
export type { AgentSpawn } from "./operations/agent-spawn.ts";
export type { AgentSuspend } from "./operations/agent-suspend.ts";
export type { AgentTerminate } from "./operations/agent-terminate.ts";
export type { AgentTransition } from "./operations/agent-transition.ts";
export type { ApprovalAnswer } from "./operations/approval-answer.ts";
export type { ApprovalExpire } from "./operations/approval-expire.ts";
export type { BudgetAllot } from "./operations/budget-allot.ts";
export type { BudgetCarve } from "./operations/budget-carve.ts";
export type { BudgetClose } from "./operations/budget-close.ts";
export type { BudgetTopUp } from "./operations/budget-top-up.ts";
export type { ClockAccept } from "./operations/clock-accept.ts";
export type { DefinitionPromote } from "./operations/definition-promote.ts";
export type { DefinitionPropose } from "./operations/definition-propose.ts";
export type { DefinitionRegister } from "./operations/definition-register.ts";
export type { DefinitionReject } from "./operations/definition-reject.ts";
export type { DefinitionRollBack } from "./operations/definition-roll-back.ts";
export type { EffectAbandon } from "./operations/effect-abandon.ts";
export type { EffectRequest } from "./operations/effect-request.ts";
export type { EffectSettle } from "./operations/effect-settle.ts";
export type { EffectStart } from "./operations/effect-start.ts";
export type { FaultRecord } from "./operations/fault-record.ts";
export type { GrantDelegate } from "./operations/grant-delegate.ts";
export type { GrantIssue } from "./operations/grant-issue.ts";
export type { GrantRevoke } from "./operations/grant-revoke.ts";
export type { KeyRecord } from "./operations/key-record.ts";
export type { LeaseRelease } from "./operations/lease-release.ts";
export type { LeaseRenew } from "./operations/lease-renew.ts";
export type { LeaseTake } from "./operations/lease-take.ts";
export type { ObjectiveJudge, Evidence } from "./operations/objective-judge.ts";
export type { PolicySet, PolicyRule } from "./operations/policy-set.ts";
export type { PrincipalRegister } from "./operations/principal-register.ts";
export type { RunEnd } from "./operations/run-end.ts";
export type { RunStart } from "./operations/run-start.ts";
export type { SecretRecord } from "./operations/secret-record.ts";
export type { SessionAdvance } from "./operations/session-advance.ts";
export type { SessionEnd } from "./operations/session-end.ts";
export type { SessionStart, SessionPlan } from "./operations/session-start.ts";
export type { TaskCancel } from "./operations/task-cancel.ts";
export type { TaskComplete } from "./operations/task-complete.ts";
export type { TaskFail } from "./operations/task-fail.ts";
export type { TaskReport } from "./operations/task-report.ts";
export type { TaskSchedule } from "./operations/task-schedule.ts";
export type { TaskStart } from "./operations/task-start.ts";
export type { TaskTimeOut } from "./operations/task-time-out.ts";
export type { ToolInject } from "./operations/tool-inject.ts";
export type { ToolRegister, ToolFields } from "./operations/tool-register.ts";
export type { ToolUnregister } from "./operations/tool-unregister.ts";
export type { ToolUpdate } from "./operations/tool-update.ts";
export type { VaultConfigure } from "./operations/vault-configure.ts";
export type { FolderMove, VaultFork } from "./operations/vault-fork.ts";
export type { VaultOpen } from "./operations/vault-open.ts";
export type { VaultResume } from "./operations/vault-resume.ts";
export type { OperationsByType, OperationType, PlainOperation, Operation, Batch } from "./operation.ts";
export type { Entry, Outcome, Accepted, Decision } from "./entry.ts";
export { partsOf } from "./entry-parts.ts";
export type {
  Head,
  Lease,
  Vault,
  RecordedKey,
  Principal,
  Grant,
  Budget,
  BudgetWindow,
  Definition,
  Agent,
  SuspendReason,
  TaskSummary,
  TaskEnd,
  StepState,
  ObjectiveVerdict,
  Run,
  Task,
  EffectKind,
  SideEffect,
  Effect,
  EffectApproval,
  Family,
  Policy,
  PolicyEffect,
  PolicyRef,
  Tool,
  FailurePolicy,
  Session,
  SessionAgent,
  Message,
  Subscription,
  Timer,
  TimerSchedule,
  RefusalWindow,
} from "./state/entities.ts";
export type { KernelState, KernelLookup } from "./state/state.ts";
export type {
  Caller,
  EntryFilter,
  MachinePort,
  PayloadDraft,
  Receipt,
  RecordedEntry,
  StopSignal,
} from "./machine-port.ts";
export { decide, decideWith } from "./decide.ts";
export { applyEntry } from "./apply.ts";
export { Redecision, type Redecided } from "./suppose/redecide.ts";
export type { Supposition } from "./suppose/supposition.ts";
export { authorises, grantIsLive } from "./authority/authorises.ts";
export { findAgents, type AgentQuery } from "./discovery.ts";
export { answered as takeFamilyAnswer, familyRowsOf } from "./families.ts";
export type { Families, FamilyAnswer, FamilyCalling } from "./family-port.ts";
export { canonicalJson } from "./codec/plain-json.ts";
export { leasesIn } from "./leases.ts";
export { contentUses } from "./content-uses.ts";
export { approvalsIn, bindingOf, mayAnswer } from "./approvals.ts";
export type { AwaitedApproval, Binding } from "./approvals.ts";
export { covers, excess } from "./authority/covers.ts";
export { parseOperation, isAttested, operationTypes } from "./codec/operation.ts";
export { encodeEntry, decodeEntry, encodeOutcome } from "./codec/entry.ts";
export {
  emptyState,
  encodeEntity,
  entityKeys,
  holdEntities,
  takeDirty,
  encodeState,
  decodeState,
  restoreState,
} from "./codec/state.ts";
export { evaluate } from "./predicate/evaluate.ts";
export type { Facts } from "./predicate/evaluate.ts";
export { definitionPart } from "./definition-shape.ts";
export { nextTimerMs } from "./timer/due.ts";
export { availableOf } from "./budget/booking.ts";
export { policyFacts, policyPredicate, predicate } from "./predicate/shape.ts";
