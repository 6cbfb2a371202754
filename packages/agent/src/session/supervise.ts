/**
 * Supervises a session: spawns its agents under the cap, drives and judges each, restarts or gives up by the crew's
 * policy, and ends the session. Everything it knows it reads from the log, so it can take over where another one died.
 */
import {
  amountOf,
  amountsBy,
  availableOf,
  type AgentId,
  type Amounts,
  type BudgetId,
  type Caller,
  type MachinePort,
  type Operation,
  type Session,
  type TerminateReason,
} from "@toka/kernel";
import type { KnownTools } from "../crew/check-calls.ts";
import type { ReadDeliverable } from "../judge/deliverable.ts";
import { judgeObjectives } from "../judge/judge-objectives.ts";
import type { Clock } from "../run/clock.ts";
import { driveAgent, type Ending } from "../run/drive-agent.ts";
import { followLog, type Pulse } from "../run/pulse.ts";
import { submitUntilAnswered } from "../run/submit.ts";
import { nextSessionStep } from "./next-session-step.ts";
import { innermost, refused, SessionFailure } from "./session-failure.ts";
import { exitCodes, readUnmet } from "./unmet.ts";
import { sessionBudget, type OpenSession } from "./start-session.ts";

/** What a supervisor works with. */
export interface SuperviseOptions {
  readonly machine: MachinePort;
  readonly clock: Clock;
  readonly tools: KnownTools;
  /** Who spawns and ends agents. */
  readonly operator: Caller;
  /** Who judges objectives: never an agent of the session. */
  readonly judge: Caller;
  /** Held by the judge; command checks are reserved from it. */
  readonly judgeBudget: BudgetId;
  readonly readDeliverable: ReadDeliverable;
  /** Aborted to stop supervising; agents and session stay open in the log. */
  readonly signal: AbortSignal;
  /** Spawns what can be spawned now and stops there: the agents live, and whoever supervises the session next runs them. */
  readonly onlySpawn?: boolean;
}

/** How supervising ended. */
export type SessionEnding = "completed" | "failed" | "cancelled" | "stopped";

interface Supervision extends SuperviseOptions {
  readonly open: OpenSession;
  readonly pulse: Pulse;
  /** Aborted with the caller's signal, and when one agent's life fails. */
  readonly stop: AbortController;
  readonly lives: Map<AgentId, Promise<void>>;
  /** Agents, of all lives, that missed an objective. */
  readonly unmet: Set<AgentId>;
}

/**
 * Runs a session until it is over or the signal is aborted.
 * @returns how it ended; "cancelled" when somebody else ended it
 * @throws SessionFailure when the kernel refuses what the session cannot do without; a failure of the machine
 */
export async function superviseSession(open: OpenSession, options: SuperviseOptions): Promise<SessionEnding> {
  const stop = new AbortController();
  const relay = (): void => stop.abort();
  if (options.signal.aborted) return "stopped";
  options.signal.addEventListener("abort", relay, { once: true });
  const { machine } = options;
  const position = await machine.view((state) => state.head.position);
  const { pulse, ended } = followLog(machine, { position, signal: stop.signal });
  const supervision: Supervision = {
    ...options,
    open,
    pulse,
    stop,
    lives: new Map(),
    unmet: await readUnmet(machine, open.id),
  };
  try {
    return await run(supervision);
  } finally {
    stop.abort();
    options.signal.removeEventListener("abort", relay);
    await Promise.allSettled(supervision.lives.values());
    await ended;
  }
}

async function run(supervision: Supervision): Promise<SessionEnding> {
  const { machine, open, lives, stop } = supervision;
  const failures: unknown[] = [];
  for (;;) {
    if (failures.length > 0) throw failures[0];
    if (stop.signal.aborted) return "stopped";
    const seen = await machine.view((state) => ({
      session: state.sessions.get(open.id) ?? null,
      position: state.head.position,
    }));
    if (seen.session === null) return "cancelled";
    const { session } = seen;
    for (const { name, agent, state } of supervision.onlySpawn === true ? [] : session.agents) {
      if (state !== "live" || agent === null || lives.has(agent)) continue;
      const life = live(supervision, { name, agent })
        .catch((error: unknown) => {
          // What breaks off because of a stop is no failure of its own.
          if (stop.signal.aborted) return;
          failures.push(error);
          stop.abort();
        })
        .finally(() => lives.delete(agent));
      lives.set(agent, life);
    }
    const unmet = new Set(
      session.agents.flatMap(({ name, agent }) => (agent !== null && supervision.unmet.has(agent) ? [name] : [])),
    );
    const step = nextSessionStep(session, { crew: open.crew, unmet });
    if (step.type === "wait") {
      if (supervision.onlySpawn === true) return "stopped";
      // An agent of the plan that is live has a life here, so its end is what changes anything.
      await Promise.race([
        ...lives.values(),
        supervision.pulse.after(seen.position, { agent: null, signal: stop.signal }),
      ]);
    } else if (step.type === "end") {
      await end(supervision, { session, outcome: step.outcome });
      return step.outcome;
    } else if (step.type === "advance") await advance(supervision, { session, wave: step.wave });
    else if (step.type === "spawn") await spawn(supervision, { name: step.name });
    else await terminateAll(supervision, { session, names: step.names });
  }
}

// From the first operation of an agent to its end: its program, the verdicts on its objectives, its termination.
async function live(
  supervision: Supervision,
  { name, agent }: { readonly name: string; readonly agent: AgentId },
): Promise<void> {
  const { machine, clock, pulse, tools, operator, judge, judgeBudget, readDeliverable, open, stop } = supervision;
  const program = open.programs.get(name);
  if (program === undefined)
    throw new SessionFailure("agent_not_planned", `Cannot run agent ${name}: the crew of ${open.id} has no such agent`);
  const ending: Ending = await driveAgent({
    machine,
    clock,
    pulse,
    tools,
    program,
    agent,
    proof: operator.proof,
    signal: stop.signal,
  });
  if (ending.type === "gone" || ending.type === "stopped") return;
  const met = await judgeObjectives({
    machine,
    clock,
    judge,
    budget: judgeBudget,
    program,
    agent,
    readDeliverable,
    signal: stop.signal,
  });
  if (stop.signal.aborted) return;
  const done = ending.type === "finished" && ending.outcome === "completed";
  const reason: TerminateReason = ending.type === "crashed" ? "crashed" : done && met ? "completed" : "other";
  const exitCode =
    ending.type === "crashed"
      ? exitCodes.crashed
      : !done
        ? exitCodes.tasksFailed
        : met
          ? exitCodes.completed
          : exitCodes.objectivesUnmet;
  // Before the log says so, for whoever sees the agent ended must also see why.
  if (exitCode === exitCodes.objectivesUnmet) supervision.unmet.add(agent);
  await ask(supervision, {
    operation: { type: "agent.terminate", agent, reason, exitCode },
    what: `end agent ${name}`,
    passing: ["agent_unknown"],
  });
}

async function spawn(supervision: Supervision, { name }: { readonly name: string }): Promise<void> {
  const { machine, operator, open } = supervision;
  const program = open.programs.get(name);
  const definition = open.definitions.get(name);
  if (program === undefined || definition === undefined)
    throw new SessionFailure("agent_not_planned", `Cannot spawn agent ${name}: the crew has no such agent`);
  const source = await machine.view((state) => {
    const id = sessionBudget(state, { session: open.id, holder: operator.principal });
    const budget = id === undefined ? undefined : state.budgets.get(id);
    if (budget === undefined) return null;
    const available = amountsBy((kind) => availableOf(budget, kind));
    return { budget: budget.id, available };
  });
  if (source === null)
    throw new SessionFailure("budget_absent", `Cannot spawn agent ${name}: the budget of ${open.id} is closed`);
  // What a crew has left after restarts may be less than an agent asks for; it then runs with what there is.
  const allotment: Amounts = amountsBy((kind) =>
    Math.min(amountOf(program.part.allotment, kind), amountOf(source.available, kind)),
  );
  await ask(supervision, {
    operation: {
      type: "agent.spawn",
      name,
      definition,
      parent: null,
      session: open.id,
      permissions: program.part.permissions,
      expiresAtMs: null,
      allotment,
      budget: source.budget,
    },
    what: `spawn agent ${name}`,
    passing: ["agent_not_waiting", "concurrency_reached"],
  });
}

async function advance(
  supervision: Supervision,
  { session, wave }: { readonly session: Session; readonly wave: number },
): Promise<void> {
  await ask(supervision, {
    operation: { type: "session.advance", session: session.id, wave },
    what: `begin wave ${wave}`,
    passing: ["wave_out_of_order"],
  });
}

async function terminateAll(
  supervision: Supervision,
  { session, names }: { readonly session: Session; readonly names: readonly string[] },
): Promise<void> {
  for (const { name, agent } of session.agents) {
    if (agent === null || !names.includes(name)) continue;
    await ask(supervision, {
      operation: { type: "agent.terminate", agent, reason: "killed", exitCode: exitCodes.tasksFailed },
      what: `end agent ${name}`,
      passing: ["agent_unknown"],
    });
  }
}

async function end(
  supervision: Supervision,
  { session, outcome }: { readonly session: Session; readonly outcome: "completed" | "failed" },
): Promise<void> {
  const { machine, operator } = supervision;
  const budget = await machine.view(
    (state) => sessionBudget(state, { session: session.id, holder: operator.principal }) ?? null,
  );
  const over: Operation = { type: "session.end", session: session.id, outcome };
  // The budget goes with the session: what the crew did not use is the operator's again.
  const operation: Operation =
    budget === null ? over : { type: "batch", operations: [over, { type: "budget.close", budget }] };
  await ask(supervision, { operation, what: "end the session", passing: ["session_unknown"] });
}

interface Asked {
  readonly operation: Operation;
  readonly what: string;
  /** Codes of refusals that only say that somebody was faster. */
  readonly passing: readonly string[];
}

async function ask(supervision: Supervision, { operation, what, passing }: Asked): Promise<void> {
  const { machine, clock, operator, stop } = supervision;
  const receipt = await submitUntilAnswered(operation, { machine, clock, caller: operator, signal: stop.signal });
  if ("refusal" in receipt.outcome && !passing.includes(innermost(receipt.outcome.refusal).code))
    throw refused(what, receipt.outcome.refusal);
}
