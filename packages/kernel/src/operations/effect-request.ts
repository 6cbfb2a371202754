/** `effect.request`: asks for something to be done in the world: authority and budget are decided here, once for all kinds. */
import type { Permission } from "../authority/permission.ts";
import type { Amounts } from "../budget/amounts.ts";
import type { Content, Input } from "../content.ts";
import type { AgentId, BudgetId, TaskId } from "../ids.ts";
import type { EffectKind } from "../state/entities.ts";

/** Requests an effect. */
export interface EffectRequest {
  readonly type: "effect.request";
  readonly kind: EffectKind;
  readonly label: string;
  /** The agent it is for; null for a person's or service's own. */
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  /** Label of the declared step that it performs. */
  readonly step: string | null;
  /** Name of the tool; null for kind code. */
  readonly tool: string | null;
  readonly arguments: Content;
  /** What it will touch: the runtime lets it touch nothing else. */
  readonly claims: readonly Permission[];
  /** Held on the budget until it is settled. For a tool the kernel adds the one tool call. */
  readonly reserve: Amounts;
  readonly budget: BudgetId;
  readonly timeoutMs: number;
  /** Attested values for the step's `when`. */
  readonly inputs: readonly Input[];
}
