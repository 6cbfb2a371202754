/**
 * Tells waiting drivers that the log has grown in a way that concerns them. One watch over the log serves them all, and
 * nobody polls.
 */
import type { AgentId, MachinePort, RecordedEntry } from "@toka/kernel";

/** Wakes whoever waits for a change. */
export interface Pulse {
  /**
   * Resolves when an entry after `position` concerns the agent (null: concerns the session), or when `signal` aborts.
   * @throws what the watch failed with
   */
  after(position: number, options: { readonly agent: AgentId | null; readonly signal: AbortSignal }): Promise<void>;
}

interface Waiter {
  readonly position: number;
  readonly agent: AgentId | null;
  wake(error?: Error): void;
}

/**
 * Follows the log from `position` until `signal` aborts.
 * @param options `onEntry` is called with each entry, in order, before anybody is woken by it
 * @returns the pulse, and a promise that ends when the watch does
 */
export function followLog(
  machine: Pick<MachinePort, "watch">,
  options: {
    readonly position: number;
    readonly signal: AbortSignal;
    readonly onEntry?: (recorded: RecordedEntry) => void;
  },
): { readonly pulse: Pulse; readonly ended: Promise<void> } {
  const waiters = new Set<Waiter>();
  const lastOf = new Map<AgentId, number>();
  let lastOfAll = options.position;
  let lastAny = options.position;
  let failure: Error | undefined;

  const isDue = ({ position, agent }: Pick<Waiter, "position" | "agent">): boolean =>
    agent === null ? lastAny > position : Math.max(lastOfAll, lastOf.get(agent) ?? 0) > position;

  const run = async (): Promise<void> => {
    try {
      for await (const recorded of machine.watch(options.position, { signal: options.signal })) {
        options.onEntry?.(recorded);
        const { position } = recorded.entry;
        const concerned = agentsOf(recorded);
        lastAny = position;
        if (concerned === "all") lastOfAll = position;
        else for (const agent of concerned) lastOf.set(agent, position);
        for (const waiter of [...waiters]) if (isDue(waiter)) waiter.wake();
      }
    } catch (error) {
      failure = error instanceof Error ? error : new Error(`Cannot follow the log: ${String(error)}`);
      for (const waiter of [...waiters]) waiter.wake(failure);
    }
  };

  const pulse: Pulse = {
    after: (position, { agent, signal }) =>
      new Promise((resolve, reject) => {
        if (failure !== undefined) {
          reject(failure);
          return;
        }
        if (signal.aborted || isDue({ position, agent })) {
          resolve();
          return;
        }
        const waiter: Waiter = {
          position,
          agent,
          wake: (error) => {
            waiters.delete(waiter);
            signal.removeEventListener("abort", stop);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        const stop = (): void => waiter.wake();
        waiters.add(waiter);
        signal.addEventListener("abort", stop, { once: true });
      }),
  };
  return { pulse, ended: run() };
}

// Events that name an agent concern that agent; any other event may concern everybody, and such events are rare.
function agentsOf({ entry }: RecordedEntry): "all" | readonly AgentId[] {
  if (!("events" in entry.outcome)) {
    const { operation } = entry;
    return "agent" in operation && operation.agent !== null ? [operation.agent] : [];
  }
  const agents: AgentId[] = [];
  for (const event of entry.outcome.events) {
    if (!("agent" in event)) return "all";
    if (event.agent !== null) agents.push(event.agent);
  }
  return agents;
}
