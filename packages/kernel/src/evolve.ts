/** Applies one event: the fold that the state is. */
import type { KernelEvent } from "./event.ts";
import type { AgentEvent } from "./events/agent.ts";
import type { BudgetEvent } from "./events/budget.ts";
import type { EffectEvent } from "./events/effect.ts";
import type { TaskEvent } from "./events/task.ts";
import { evolveAgent } from "./evolve/agent.ts";
import { evolveApproval } from "./evolve/approval.ts";
import { evolveAuthority } from "./evolve/authority.ts";
import { evolveBudget } from "./evolve/budget.ts";
import { evolveDefinition } from "./evolve/definition.ts";
import { evolveEffect } from "./evolve/effect.ts";
import { evolveFamily } from "./evolve/family.ts";
import { evolveLease } from "./evolve/lease.ts";
import { evolveMessage } from "./evolve/message.ts";
import { evolveObservation } from "./evolve/observation.ts";
import { evolveSession } from "./evolve/session.ts";
import { evolveTask } from "./evolve/task.ts";
import { evolveTimer } from "./evolve/timer.ts";
import { evolveVault } from "./evolve/vault.ts";
import type { Cause } from "./evolve/cause.ts";
import type { LiveState } from "./state/live-state.ts";

/** Applies an event to the state, together with what it follows from. */
export function evolve(state: LiveState, event: KernelEvent, cause: Cause): void {
  // The busiest areas first: engines compare one case after the other.
  switch (event.type) {
    case "effect.requested":
    case "effect.started":
    case "effect.settled":
    case "effect.owed":
    case "effect.abandoned":
    case "tool.registered":
    case "tool.updated":
    case "tool.unregistered":
    case "tool.injected":
      return evolveEffect(state, event, cause);
    case "task.scheduled":
    case "task.started":
    case "task.reported":
    case "task.completed":
    case "task.failed":
    case "task.cancelled":
    case "task.timed-out":
    case "objective.judged":
      return evolveTask(state, event, cause);
    case "agent.spawned":
    case "agent.suspended":
    case "agent.resumed":
    case "agent.terminated":
    case "agent.transitioned":
    case "run.started":
    case "run.ended":
      return evolveAgent(state, event, cause);
    case "budget.allotted":
    case "budget.carved":
    case "budget.topped-up":
    case "budget.closed":
    case "budget.warned":
      return evolveBudget(state, event, cause);
    default:
      return evolveRarer(state, event, cause);
  }
}

type Busy = TaskEvent | EffectEvent | AgentEvent | BudgetEvent;

function evolveRarer(state: LiveState, event: Exclude<KernelEvent, Busy>, cause: Cause): void {
  switch (event.type) {
    case "principal.registered":
    case "grant.issued":
    case "grant.delegated":
    case "grant.revoked":
    case "key.recorded":
    case "secret.recorded":
    case "policy.enacted":
    case "policy.repealed":
      return evolveAuthority(state, event, cause);
    case "definition.registered":
    case "definition.proposed":
    case "definition.promoted":
    case "definition.rejected":
    case "definition.rolled-back":
      return evolveDefinition(state, event, cause);
    case "approval.requested":
    case "approval.allowed":
    case "approval.denied":
    case "approval.expired":
      return evolveApproval(state, event, cause);
    case "session.started":
    case "session.advanced":
    case "session.ended":
    case "fault.recorded":
      return evolveSession(state, event, cause);
    case "message.sent":
    case "message.acknowledged":
    case "topic.subscribed":
    case "topic.unsubscribed":
      return evolveMessage(state, event, cause);
    case "observation.emitted":
    case "metric.emitted":
    case "alert.raised":
      return evolveObservation(state, cause);
    case "lease.taken":
    case "lease.renewed":
    case "lease.released":
      return evolveLease(state, event, cause);
    case "payload.erased":
      // Contents are in nobody's state.
      return;
    case "family.enabled":
    case "family.happened":
      return evolveFamily(state, event, cause);
    case "timer.set":
    case "timer.cancelled":
    case "timer.fired":
      return evolveTimer(state, event, cause);
    case "vault.opened":
    case "vault.configured":
    case "vault.resumed":
    case "vault.forked":
    case "clock.accepted":
      return evolveVault(state, event, cause);
  }
}
