/** Where a session and its agents stand right now: one line an agent, for people who watch. */
import {
  amountKinds,
  amountOf,
  type Agent,
  type AmountKind,
  type KernelState,
  type MachinePort,
  type SessionId,
} from "@toka/kernel";
import type { CrewDefinition } from "../crew/crew-definition.ts";

/** One agent of a session. */
export interface AgentProgress {
  readonly name: string;
  readonly title: string;
  readonly state: "waiting" | "running" | "suspended" | "judging" | "completed" | "failed" | "skipped";
  readonly restarts: number;
  /** The task under way, with its attempt and the step it is at; null between tasks. */
  readonly task: {
    readonly key: string;
    readonly description: string;
    readonly attempt: number;
    readonly step: string | null;
  } | null;
  readonly tasksDone: number;
  readonly tasksTotal: number;
  /** The kind of its budget that is used up most; null before it lives and after it ended. */
  readonly budget: { readonly kind: AmountKind; readonly used: number; readonly allotment: number } | null;
}

/** A session. */
export interface SessionProgress {
  readonly session: SessionId;
  readonly position: number;
  readonly agents: readonly AgentProgress[];
}

/**
 * Projects the state to what is shown of a session.
 * @returns undefined when the session is over
 */
export function progressOf(
  state: KernelState,
  { session, crew }: { readonly session: SessionId; readonly crew: CrewDefinition },
): SessionProgress | undefined {
  const open = state.sessions.get(session);
  if (open === undefined) return undefined;
  const order = new Map(crew.waves.flat().map((name, index) => [name, index]));
  const planned = [...open.agents].sort((left, right) => (order.get(left.name) ?? 0) - (order.get(right.name) ?? 0));
  const agents = planned.map((entry): AgentProgress => {
    const definition = crew.agents.find((known) => known.name === entry.name);
    const live = entry.state === "live" && entry.agent !== null ? state.agents.get(entry.agent) : undefined;
    const running =
      live === undefined ? undefined : state.lookup.tasksOf(live.id).find((task) => task.status === "running");
    const description = definition?.tasks.find((task) => task.key === running?.key)?.description ?? "";
    const tasksTotal = definition?.tasks.length ?? 0;
    const tasksDone =
      live === undefined ? (entry.state === "completed" ? tasksTotal : 0) : Object.keys(live.tasks).length;
    return {
      name: entry.name,
      title: definition?.title ?? entry.name,
      state:
        live === undefined
          ? entry.state === "live"
            ? "running"
            : entry.state
          : stateOf(live, { tasksDone, tasksTotal }),
      restarts: entry.restarts,
      task:
        running === undefined
          ? null
          : { key: running.key, description, attempt: running.attempt, step: stepUnderWay(running.steps) },
      tasksDone,
      tasksTotal,
      budget: live === undefined ? null : mostUsed(state, live),
    };
  });
  return { session, position: state.head.position, agents };
}

/**
 * Follows a session: what it is now, and again whenever the log has grown, until it is over or `signal` aborts. Changes
 * that come faster than they are taken are shown as one.
 * @returns the states, the first at once
 */
export async function* followProgress(
  machine: Pick<MachinePort, "view" | "watch">,
  options: { readonly session: SessionId; readonly crew: CrewDefinition; readonly signal: AbortSignal },
): AsyncGenerator<SessionProgress, void, undefined> {
  let shown = await machine.view((state) => progressOf(state, options));
  if (shown === undefined) return;
  yield shown;
  for await (const { entry } of machine.watch(shown.position, { signal: options.signal })) {
    // Entries up to the position shown are already in it.
    if (entry.position <= shown.position) continue;
    shown = await machine.view((state) => progressOf(state, options));
    if (shown === undefined) return;
    yield shown;
  }
}

function stateOf(
  agent: Agent,
  { tasksDone, tasksTotal }: { readonly tasksDone: number; readonly tasksTotal: number },
): AgentProgress["state"] {
  if (agent.state === "suspended") return "suspended";
  return tasksDone >= tasksTotal && agent.run === null ? "judging" : "running";
}

function stepUnderWay(steps: { readonly [label: string]: { readonly status: string } }): string | null {
  return Object.entries(steps).find(([, step]) => step.status === "requested")?.[0] ?? null;
}

function mostUsed(state: KernelState, agent: Agent): AgentProgress["budget"] {
  const budget = state.budgets.get(agent.budget);
  if (budget === undefined) return null;
  let most: AgentProgress["budget"] = null;
  for (const kind of amountKinds) {
    const allotment = amountOf(budget.allotment, kind);
    if (allotment === 0) continue;
    const used = amountOf(budget.spent, kind) + amountOf(budget.reserved, kind) + amountOf(budget.carved, kind);
    // Memory is a level and as a rule wholly reserved by one call, so that it would hide everything that is spent.
    if (kind === "memoryBytes") continue;
    if (most === null || used / allotment > most.used / most.allotment) most = { kind, used, allotment };
  }
  return most;
}
