/** Which agents of a session did their work and missed an objective, as their terminations say in the log. */
import { placeOf, type AgentId, type Entry, type MachinePort, type SessionId } from "@toka/kernel";

/** Exit codes that a supervisor records when it ends an agent. */
export const exitCodes: {
  readonly completed: 0;
  readonly tasksFailed: 1;
  readonly objectivesUnmet: 2;
  readonly crashed: 3;
} = { completed: 0, tasksFailed: 1, objectivesUnmet: 2, crashed: 3 };

/** Entries read at once. */
const pageEntries = 1000;

/**
 * Reads a session's entries for agents that were ended because an objective was not met.
 * @returns the agents, of all lives
 * @throws a failure of the machine
 */
export async function readUnmet(machine: Pick<MachinePort, "read">, session: SessionId): Promise<Set<AgentId>> {
  const unmet = new Set<AgentId>();
  for (let after = placeOf(session).position; ;) {
    const page = await machine.read(after, { limit: pageEntries });
    for (const { entry } of page) {
      after = entry.position;
      const agent = unmetAgent(entry);
      if (agent !== null) unmet.add(agent);
    }
    if (page.length === 0) return unmet;
  }
}

function unmetAgent({ operation, outcome }: Entry): AgentId | null {
  if (operation.type !== "agent.terminate" || !("events" in outcome)) return null;
  return operation.reason === "other" && operation.exitCode === exitCodes.objectivesUnmet ? operation.agent : null;
}
