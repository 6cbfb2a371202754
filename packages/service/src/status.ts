/**
 * The state of a vault, as an operator reads it.
 */
import {
  type Agent,
  addAmounts,
  type Budget,
  type Effect,
  genesisIds,
  type KernelState,
  type MachinePort,
} from "@toka/kernel";

import type { AgentStatus, ServingProcess, VaultStatus } from "./api.ts";
import { lateFailures } from "./failures.ts";

/** What a status needs to know beside the state. */
export interface StatusOptions {
  readonly dir: string;
  /** The process that serves the vault, or null. */
  readonly served: ServingProcess | null;
  /** Host time, ms since 1970. */
  readonly hostTimeMs: number;
}

/**
 * Reads the status at the durable head.
 *
 * @param machine - of the vault
 * @param options - the folder, and who serves it
 * @returns the status
 */
export async function readStatus(machine: MachinePort, options: StatusOptions): Promise<VaultStatus> {
  const status = await machine.view((state) => describeState(state, options));
  const position = status.head.position;
  const [last] = position === 0 ? [] : await machine.read(position - 1, { limit: 1 });
  const failures = await lateFailures(machine, { head: position });
  return { ...status, head: { ...status.head, digest: last?.digest ?? "" }, failures };
}

function describeState(state: KernelState, { dir, served, hostTimeMs }: StatusOptions): Omit<VaultStatus, "failures"> {
  const effects = [...state.effects.values()];
  const root = state.budgets.get(genesisIds.rootBudget);
  return {
    vault: { id: state.vault?.vault ?? "", name: state.vault?.name ?? "", dir },
    head: { position: state.head.position, digest: "", timeMs: state.head.timeMs },
    hostTimeMs,
    held: state.vault?.held ?? false,
    sessions: [...state.sessions.values()].map((session) => ({
      id: session.id,
      name: session.name,
      agents: session.agents.map((agent) => ({ name: agent.name, status: agent.state })),
    })),
    agents: [...state.agents.values()].map((agent) => describeAgent(state, agent)),
    effectsInFlight: effects.filter((effect) => effect.status !== "owed").length,
    owed: effects.filter((effect) => effect.status === "owed").map(describeOwed),
    budget: { allotment: root?.allotment ?? {}, used: usedOf(root) },
    served,
  };
}

function describeAgent(state: KernelState, agent: Agent): AgentStatus {
  const budget = state.budgets.get(agent.budget);
  const running = state.lookup.tasksOf(agent.id).find((task) => task.status === "running");
  return {
    id: agent.id,
    name: agent.name,
    state: agent.state,
    task: running?.key ?? null,
    allotment: budget?.allotment ?? {},
    used: usedOf(budget),
  };
}

function usedOf(budget: Budget | undefined): AgentStatus["used"] {
  return budget === undefined ? {} : addAmounts(budget.spent, budget.reserved);
}

function describeOwed(effect: Effect): VaultStatus["owed"][number] {
  return { id: effect.id, kind: effect.kind, label: effect.label, tool: effect.tool };
}
