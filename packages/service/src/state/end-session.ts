/**
 * The end of a session that an operator wishes: one entry, so that nobody spawns an agent between the first end and the last.
 */
import type { BudgetRow, SessionRow } from "./areas.ts";

/**
 * Composes the operation.
 *
 * @param session - that is open
 * @param options - how the session counts, and the open budgets
 * @returns a batch: the live agents end, the session ends, and what it did not use goes back to the budget above
 */
export function endOfSession(
  session: SessionRow,
  { outcome, budgets }: { readonly outcome: string; readonly budgets: readonly BudgetRow[] },
): { readonly type: "batch"; readonly operations: readonly { readonly [field: string]: unknown }[] } {
  // The entry that started the session carved its budget, so both ids carry the same position.
  const [, position] = session.id.split("-");
  const budget = budgets.find((row) => !row.closing && row.id.startsWith(`budget-${position}-`));
  const live = session.agents.filter((agent) => agent.state === "live" && agent.agent !== null);
  return {
    type: "batch",
    operations: [
      ...live.map(({ agent }) => ({ type: "agent.terminate", agent, reason: "killed", exitCode: 1 })),
      { type: "session.end", session: session.id, outcome },
      ...(budget === undefined ? [] : [{ type: "budget.close", budget: budget.id }]),
    ],
  };
}
