/** Events: what the kernel says has happened, `noun.participle`, each with its schema number. */
import type { AgentEvent } from "./events/agent.ts";
import type { ApprovalEvent } from "./events/approval.ts";
import type { AuthorityEvent } from "./events/authority.ts";
import type { BudgetEvent } from "./events/budget.ts";
import type { DefinitionEvent } from "./events/definition.ts";
import type { EffectEvent } from "./events/effect.ts";
import type { FamilyEvent } from "./events/family.ts";
import type { LeaseEvent } from "./events/lease.ts";
import type { MessageEvent } from "./events/message.ts";
import type { ObservationEvent } from "./events/observation.ts";
import type { PayloadEvent } from "./events/payload.ts";
import type { SessionEvent } from "./events/session.ts";
import type { TaskEvent } from "./events/task.ts";
import type { TimerEvent } from "./events/timer.ts";
import type { VaultEvent } from "./events/vault.ts";

/** An event, discriminated by `type`. */
export type KernelEvent =
  | VaultEvent
  | AuthorityEvent
  | BudgetEvent
  | DefinitionEvent
  | AgentEvent
  | TaskEvent
  | EffectEvent
  | SessionEvent
  | MessageEvent
  | ObservationEvent
  | TimerEvent
  | LeaseEvent
  | PayloadEvent
  | FamilyEvent
  | ApprovalEvent;

/** The types of events. */
export type EventType = KernelEvent["type"];
