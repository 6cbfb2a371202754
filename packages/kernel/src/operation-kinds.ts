/** The table of operations: what each type is read and decided by. */
import type { OperationKind } from "./decision.ts";
import type { OperationsByType, PlainOperation } from "./operation.ts";
import { agentResume } from "./operations/agent-resume.ts";
import { agentSpawn } from "./operations/agent-spawn.ts";
import { agentSuspend } from "./operations/agent-suspend.ts";
import { agentTerminate } from "./operations/agent-terminate.ts";
import { agentTransition } from "./operations/agent-transition.ts";
import { alertRaise } from "./operations/alert-raise.ts";
import { approvalAnswer } from "./operations/approval-answer.ts";
import { approvalExpire } from "./operations/approval-expire.ts";
import { budgetAllot } from "./operations/budget-allot.ts";
import { budgetCarve } from "./operations/budget-carve.ts";
import { budgetClose } from "./operations/budget-close.ts";
import { budgetTopUp } from "./operations/budget-top-up.ts";
import { clockAccept } from "./operations/clock-accept.ts";
import { clockTick } from "./operations/clock-tick.ts";
import { definitionPromote } from "./operations/definition-promote.ts";
import { definitionPropose } from "./operations/definition-propose.ts";
import { definitionRegister } from "./operations/definition-register.ts";
import { definitionReject } from "./operations/definition-reject.ts";
import { definitionRollBack } from "./operations/definition-roll-back.ts";
import { effectAbandon } from "./operations/effect-abandon.ts";
import { effectRequest } from "./operations/effect-request.ts";
import { effectSettle } from "./operations/effect-settle.ts";
import { effectStart } from "./operations/effect-start.ts";
import { familyCall } from "./operations/family-call.ts";
import { familyEnable } from "./operations/family-enable.ts";
import { faultRecord } from "./operations/fault-record.ts";
import { grantDelegate } from "./operations/grant-delegate.ts";
import { grantIssue } from "./operations/grant-issue.ts";
import { grantRevoke } from "./operations/grant-revoke.ts";
import { keyRecord } from "./operations/key-record.ts";
import { messageSend } from "./operations/message-send.ts";
import { messageAcknowledge } from "./operations/message-acknowledge.ts";
import { topicSubscribe } from "./operations/topic-subscribe.ts";
import { topicUnsubscribe } from "./operations/topic-unsubscribe.ts";
import { leaseRelease } from "./operations/lease-release.ts";
import { leaseRenew } from "./operations/lease-renew.ts";
import { leaseTake } from "./operations/lease-take.ts";
import { metricEmit } from "./operations/metric-emit.ts";
import { objectiveJudge } from "./operations/objective-judge.ts";
import { observationEmit } from "./operations/observation-emit.ts";
import { payloadErase } from "./operations/payload-erase.ts";
import { policySet } from "./operations/policy-set.ts";
import { principalRegister } from "./operations/principal-register.ts";
import { runEnd } from "./operations/run-end.ts";
import { runStart } from "./operations/run-start.ts";
import { secretRecord } from "./operations/secret-record.ts";
import { sessionAdvance } from "./operations/session-advance.ts";
import { sessionEnd } from "./operations/session-end.ts";
import { sessionStart } from "./operations/session-start.ts";
import { taskCancel } from "./operations/task-cancel.ts";
import { taskComplete } from "./operations/task-complete.ts";
import { taskFail } from "./operations/task-fail.ts";
import { taskReport } from "./operations/task-report.ts";
import { taskSchedule } from "./operations/task-schedule.ts";
import { taskStart } from "./operations/task-start.ts";
import { taskTimeOut } from "./operations/task-time-out.ts";
import { timerCancel } from "./operations/timer-cancel.ts";
import { timerSet } from "./operations/timer-set.ts";
import { toolInject } from "./operations/tool-inject.ts";
import { toolRegister } from "./operations/tool-register.ts";
import { toolUnregister } from "./operations/tool-unregister.ts";
import { toolUpdate } from "./operations/tool-update.ts";
import { vaultConfigure } from "./operations/vault-configure.ts";
import { vaultFork } from "./operations/vault-fork.ts";
import { vaultOpen } from "./operations/vault-open.ts";
import { vaultResume } from "./operations/vault-resume.ts";

/** By type. A batch is none of them: `decide` takes it apart. */
export const operationKinds: { readonly [Type in keyof OperationsByType]: OperationKind<OperationsByType[Type]> } = {
  "vault.open": vaultOpen,
  "vault.configure": vaultConfigure,
  "vault.resume": vaultResume,
  "vault.fork": vaultFork,
  "clock.accept": clockAccept,
  "principal.register": principalRegister,
  "grant.issue": grantIssue,
  "grant.delegate": grantDelegate,
  "grant.revoke": grantRevoke,
  "policy.set": policySet,
  "key.record": keyRecord,
  "secret.record": secretRecord,
  "budget.allot": budgetAllot,
  "budget.carve": budgetCarve,
  "budget.top-up": budgetTopUp,
  "budget.close": budgetClose,
  "definition.register": definitionRegister,
  "definition.propose": definitionPropose,
  "definition.promote": definitionPromote,
  "definition.reject": definitionReject,
  "definition.roll-back": definitionRollBack,
  "agent.spawn": agentSpawn,
  "agent.suspend": agentSuspend,
  "agent.resume": agentResume,
  "agent.terminate": agentTerminate,
  "agent.transition": agentTransition,
  "run.start": runStart,
  "run.end": runEnd,
  "task.schedule": taskSchedule,
  "task.start": taskStart,
  "task.report": taskReport,
  "task.complete": taskComplete,
  "task.fail": taskFail,
  "task.cancel": taskCancel,
  "task.time-out": taskTimeOut,
  "objective.judge": objectiveJudge,
  "effect.request": effectRequest,
  "effect.start": effectStart,
  "effect.settle": effectSettle,
  "effect.abandon": effectAbandon,
  "approval.answer": approvalAnswer,
  "approval.expire": approvalExpire,
  "tool.register": toolRegister,
  "tool.update": toolUpdate,
  "tool.unregister": toolUnregister,
  "tool.inject": toolInject,
  "session.start": sessionStart,
  "session.advance": sessionAdvance,
  "session.end": sessionEnd,
  "message.send": messageSend,
  "message.acknowledge": messageAcknowledge,
  "topic.subscribe": topicSubscribe,
  "topic.unsubscribe": topicUnsubscribe,
  "observation.emit": observationEmit,
  "metric.emit": metricEmit,
  "alert.raise": alertRaise,
  "timer.set": timerSet,
  "timer.cancel": timerCancel,
  "lease.take": leaseTake,
  "lease.renew": leaseRenew,
  "lease.release": leaseRelease,
  "payload.erase": payloadErase,
  "family.enable": familyEnable,
  "family.call": familyCall,
  "clock.tick": clockTick,
  "fault.record": faultRecord,
};

/**
 * What an operation is decided by.
 *
 * @returns the kind that its type names, which takes operations of that type only
 */
export function kindOf(operation: PlainOperation): OperationKind<PlainOperation> {
  // The compiler cannot see that the row under a type takes operations of that type; the table's own type says so.
  return operationKinds[operation.type];
}
