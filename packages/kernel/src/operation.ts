/** The operations: everything that anybody can ask of the kernel. */
import type { AgentResume } from "./operations/agent-resume.ts";
import type { AgentSpawn } from "./operations/agent-spawn.ts";
import type { AgentSuspend } from "./operations/agent-suspend.ts";
import type { AgentTerminate } from "./operations/agent-terminate.ts";
import type { AgentTransition } from "./operations/agent-transition.ts";
import type { AlertRaise } from "./operations/alert-raise.ts";
import type { ApprovalAnswer } from "./operations/approval-answer.ts";
import type { ApprovalExpire } from "./operations/approval-expire.ts";
import type { BudgetAllot } from "./operations/budget-allot.ts";
import type { BudgetCarve } from "./operations/budget-carve.ts";
import type { BudgetClose } from "./operations/budget-close.ts";
import type { BudgetTopUp } from "./operations/budget-top-up.ts";
import type { ClockAccept } from "./operations/clock-accept.ts";
import type { ClockTick } from "./operations/clock-tick.ts";
import type { DefinitionPromote } from "./operations/definition-promote.ts";
import type { DefinitionPropose } from "./operations/definition-propose.ts";
import type { DefinitionRegister } from "./operations/definition-register.ts";
import type { DefinitionReject } from "./operations/definition-reject.ts";
import type { DefinitionRollBack } from "./operations/definition-roll-back.ts";
import type { EffectAbandon } from "./operations/effect-abandon.ts";
import type { EffectRequest } from "./operations/effect-request.ts";
import type { EffectSettle } from "./operations/effect-settle.ts";
import type { EffectStart } from "./operations/effect-start.ts";
import type { FamilyCall } from "./operations/family-call.ts";
import type { FamilyEnable } from "./operations/family-enable.ts";
import type { FaultRecord } from "./operations/fault-record.ts";
import type { GrantDelegate } from "./operations/grant-delegate.ts";
import type { GrantIssue } from "./operations/grant-issue.ts";
import type { GrantRevoke } from "./operations/grant-revoke.ts";
import type { KeyRecord } from "./operations/key-record.ts";
import type { MessageSend } from "./operations/message-send.ts";
import type { MessageAcknowledge } from "./operations/message-acknowledge.ts";
import type { TopicSubscribe } from "./operations/topic-subscribe.ts";
import type { TopicUnsubscribe } from "./operations/topic-unsubscribe.ts";
import type { LeaseRelease } from "./operations/lease-release.ts";
import type { LeaseRenew } from "./operations/lease-renew.ts";
import type { LeaseTake } from "./operations/lease-take.ts";
import type { MetricEmit } from "./operations/metric-emit.ts";
import type { ObjectiveJudge } from "./operations/objective-judge.ts";
import type { ObservationEmit } from "./operations/observation-emit.ts";
import type { PayloadErase } from "./operations/payload-erase.ts";
import type { PolicySet } from "./operations/policy-set.ts";
import type { PrincipalRegister } from "./operations/principal-register.ts";
import type { RunEnd } from "./operations/run-end.ts";
import type { RunStart } from "./operations/run-start.ts";
import type { SecretRecord } from "./operations/secret-record.ts";
import type { SessionAdvance } from "./operations/session-advance.ts";
import type { SessionEnd } from "./operations/session-end.ts";
import type { SessionStart } from "./operations/session-start.ts";
import type { TaskCancel } from "./operations/task-cancel.ts";
import type { TaskComplete } from "./operations/task-complete.ts";
import type { TaskFail } from "./operations/task-fail.ts";
import type { TaskReport } from "./operations/task-report.ts";
import type { TaskSchedule } from "./operations/task-schedule.ts";
import type { TaskStart } from "./operations/task-start.ts";
import type { TaskTimeOut } from "./operations/task-time-out.ts";
import type { TimerCancel } from "./operations/timer-cancel.ts";
import type { TimerSet } from "./operations/timer-set.ts";
import type { ToolInject } from "./operations/tool-inject.ts";
import type { ToolRegister } from "./operations/tool-register.ts";
import type { ToolUnregister } from "./operations/tool-unregister.ts";
import type { ToolUpdate } from "./operations/tool-update.ts";
import type { VaultConfigure } from "./operations/vault-configure.ts";
import type { VaultFork } from "./operations/vault-fork.ts";
import type { VaultOpen } from "./operations/vault-open.ts";
import type { VaultResume } from "./operations/vault-resume.ts";

/** The operations by their type. A batch is apart, since it does not nest. */
export interface OperationsByType {
  readonly "vault.open": VaultOpen;
  readonly "vault.configure": VaultConfigure;
  readonly "vault.resume": VaultResume;
  readonly "vault.fork": VaultFork;
  readonly "clock.accept": ClockAccept;
  readonly "principal.register": PrincipalRegister;
  readonly "grant.issue": GrantIssue;
  readonly "grant.delegate": GrantDelegate;
  readonly "grant.revoke": GrantRevoke;
  readonly "policy.set": PolicySet;
  readonly "key.record": KeyRecord;
  readonly "secret.record": SecretRecord;
  readonly "budget.allot": BudgetAllot;
  readonly "budget.carve": BudgetCarve;
  readonly "budget.top-up": BudgetTopUp;
  readonly "budget.close": BudgetClose;
  readonly "definition.register": DefinitionRegister;
  readonly "definition.propose": DefinitionPropose;
  readonly "definition.promote": DefinitionPromote;
  readonly "definition.reject": DefinitionReject;
  readonly "definition.roll-back": DefinitionRollBack;
  readonly "agent.spawn": AgentSpawn;
  readonly "agent.suspend": AgentSuspend;
  readonly "agent.resume": AgentResume;
  readonly "agent.terminate": AgentTerminate;
  readonly "agent.transition": AgentTransition;
  readonly "run.start": RunStart;
  readonly "run.end": RunEnd;
  readonly "task.schedule": TaskSchedule;
  readonly "task.start": TaskStart;
  readonly "task.report": TaskReport;
  readonly "task.complete": TaskComplete;
  readonly "task.fail": TaskFail;
  readonly "task.cancel": TaskCancel;
  readonly "task.time-out": TaskTimeOut;
  readonly "objective.judge": ObjectiveJudge;
  readonly "effect.request": EffectRequest;
  readonly "effect.start": EffectStart;
  readonly "effect.settle": EffectSettle;
  readonly "effect.abandon": EffectAbandon;
  readonly "approval.answer": ApprovalAnswer;
  readonly "approval.expire": ApprovalExpire;
  readonly "tool.register": ToolRegister;
  readonly "tool.update": ToolUpdate;
  readonly "tool.unregister": ToolUnregister;
  readonly "tool.inject": ToolInject;
  readonly "session.start": SessionStart;
  readonly "session.advance": SessionAdvance;
  readonly "session.end": SessionEnd;
  readonly "message.send": MessageSend;
  readonly "message.acknowledge": MessageAcknowledge;
  readonly "topic.subscribe": TopicSubscribe;
  readonly "topic.unsubscribe": TopicUnsubscribe;
  readonly "observation.emit": ObservationEmit;
  readonly "metric.emit": MetricEmit;
  readonly "alert.raise": AlertRaise;
  readonly "timer.set": TimerSet;
  readonly "timer.cancel": TimerCancel;
  readonly "lease.take": LeaseTake;
  readonly "lease.renew": LeaseRenew;
  readonly "lease.release": LeaseRelease;
  readonly "payload.erase": PayloadErase;
  readonly "family.enable": FamilyEnable;
  readonly "family.call": FamilyCall;
  readonly "clock.tick": ClockTick;
  readonly "fault.record": FaultRecord;
}

/** The types of operations, `noun.verb`. */
export type OperationType = keyof OperationsByType | "batch";

/** An operation that a batch can hold. */
export type PlainOperation = OperationsByType[keyof OperationsByType];

/** An operation. `parseOperation` makes one from foreign data; `decide` expects its keys in the order that it gives them. */
export type Operation = PlainOperation | Batch;

/** Up to 64 operations of one principal under one grant, decided in order, each seeing what those before it did: all or none. */
export interface Batch {
  readonly type: "batch";
  readonly operations: readonly PlainOperation[];
}
