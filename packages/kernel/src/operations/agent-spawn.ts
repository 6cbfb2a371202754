/** `agent.spawn`: makes an agent with its principal, a grant below the asker's and a budget carved from the asker's. */
import type { Permission } from "../authority/permission.ts";
import type { Amounts } from "../budget/amounts.ts";
import type { AgentId, BudgetId, DefinitionId, SessionId } from "../ids.ts";

/** Spawns an agent of an active definition. */
export interface AgentSpawn {
  readonly type: "agent.spawn";
  readonly name: string;
  readonly definition: DefinitionId;
  /** The agent it belongs to and ends with; an agent that asks names itself. */
  readonly parent: AgentId | null;
  /** The session whose plan names it. */
  readonly session: SessionId | null;
  /** Within the definition's and within the grant asked under. */
  readonly permissions: readonly Permission[];
  readonly expiresAtMs: number | null;
  readonly allotment: Amounts;
  /** The asker's budget that the allotment is carved from. */
  readonly budget: BudgetId;
}
