/** Where a session and its agents stand right now: one line an agent, for people who watch. */
import {
  amountKinds,
  amountOf,
  type Agent,
  type AmountKind,
  type EffectId,
  type KernelState,
  type MachinePort,
  type SessionId,
  type Task,
} from "@toka/kernel";
import type { CrewDefinition } from "../crew/crew-definition.ts";
import type { TaskDefinition } from "../definition/agent-definition.ts";

/** The task that an agent is at. */
export interface TaskProgress {
  readonly key: string;
  readonly description: string;
  /** The attempt under way, or the next one while it is waited for. */
  readonly attempt: number;
  readonly attemptsMax: number;
  /** True after a failed attempt, until the next one. */
  readonly waits: boolean;
  /** The step under way. */
  readonly step: string | null;
}

/** One agent of a session. */
export interface AgentProgress {
  readonly name: string;
  readonly title: string;
  readonly state: "waiting" | "running" | "awaiting" | "suspended" | "judging" | "completed" | "failed" | "skipped";
  readonly restarts: number;
  readonly restartsMax: number;
  /** The task under way, or that is waited with until it is tried again; null between tasks. */
  readonly task: TaskProgress | null;
  /** The effect that waits for an approval, of which nothing is performed until somebody allows it; null when none does. */
  readonly awaits: { readonly effect: EffectId; readonly tool: string | null; readonly deadlineMs: number } | null;
  /** Completed, or skipped by their own condition. */
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
    const tasksTotal = definition?.tasks.length ?? 0;
    const tasksDone =
      live === undefined
        ? entry.state === "completed"
          ? tasksTotal
          : 0
        : Object.values(live.tasks).filter(({ status }) => status === "completed" || status === "skipped").length;
    const awaits = live === undefined ? null : awaited(state, live);
    return {
      name: entry.name,
      title: definition?.title ?? entry.name,
      state:
        live === undefined ? (entry.state === "live" ? "running" : entry.state) : stateOf(live, { tasksTotal, awaits }),
      restarts: entry.restarts,
      restartsMax: open.restartsMax,
      task: live === undefined ? null : taskProgress(state.lookup.tasksOf(live.id), definition?.tasks ?? []),
      awaits,
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

function awaited(state: KernelState, { id }: Agent): AgentProgress["awaits"] {
  for (const { id: effect, tool, status, approval } of state.lookup.effectsOf(id)) {
    if (status === "awaiting" && approval !== null) return { effect, tool, deadlineMs: approval.deadlineMs };
  }
  return null;
}

function stateOf(
  agent: Agent,
  { tasksTotal, awaits }: { readonly tasksTotal: number } & Pick<AgentProgress, "awaits">,
): AgentProgress["state"] {
  if (agent.state === "suspended") return "suspended";
  if (awaits !== null) return "awaiting";
  return Object.keys(agent.tasks).length >= tasksTotal && agent.run === null ? "judging" : "running";
}

function taskProgress(tasks: readonly Task[], declared: readonly TaskDefinition[]): TaskProgress | null {
  const task =
    tasks.find(({ status }) => status === "running") ??
    tasks.find(({ status, attempt }) => status === "scheduled" && attempt > 0);
  if (task === undefined) return null;
  const waits = task.status === "scheduled";
  const attempt = waits ? task.attempt + 1 : task.attempt;
  const { description = "", attemptsMax = attempt } = declared.find(({ key }) => key === task.key) ?? {};
  return { key: task.key, description, attempt, attemptsMax, waits, step: stepUnderWay(task.steps) };
}

function stepUnderWay(steps: { readonly [label: string]: { readonly status: string } }): string | null {
  return Object.entries(steps).find(([, { status }]) => status === "requested" || status === "awaiting")?.[0] ?? null;
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
