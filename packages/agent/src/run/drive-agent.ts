/**
 * Drives one live agent: asks `nextStep`, submits what it says under the agent's own grant, and waits for the log to
 * grow. It keeps nothing that the log does not hold, so a driver started after a crash goes on where the last one stood.
 */
import type { Agent, AgentId, Caller, KernelState, MachinePort, Proof, Receipt, Refusal } from "@toka/kernel";
import type { Program } from "../compile.ts";
import type { KnownTools } from "../crew/check-calls.ts";
import type { Clock } from "./clock.ts";
import { insteadOf, nextStep, type AgentView, type Move } from "./next-step.ts";
import type { Pulse } from "./pulse.ts";
import { readResults, type ResultCache } from "./step-results.ts";
import { failuresInRowMax, failureWaitMs, isPassing } from "./submit.ts";
import { toOperation } from "./to-operation.ts";

/** What a driver works with. */
export interface DriveOptions {
  readonly machine: MachinePort;
  readonly clock: Clock;
  readonly pulse: Pulse;
  readonly tools: KnownTools;
  readonly program: Program;
  readonly agent: AgentId;
  /** How the host satisfied itself of who runs the agent. */
  readonly proof: Proof;
  readonly signal: AbortSignal;
}

/** How driving ended. */
export type Ending =
  /** The program is over. */
  | { readonly type: "finished"; readonly outcome: "completed" | "failed" }
  /** Somebody else ended the agent. */
  | { readonly type: "gone" }
  /** The signal was aborted; the agent lives on in the log. */
  | { readonly type: "stopped" }
  /** The kernel refuses what the program must do next. */
  | { readonly type: "crashed"; readonly code: string };

/** The same operation refused this often with nothing accepted in between will be refused for ever. */
const refusalsInRowMax = 3; /** Wait, ms, when the vault has no room for another effect or task: somebody else's end makes it. */
const crowdedWaitMs = 1000;

/**
 * Drives an agent until its program is over, it is ended by somebody, or the signal is aborted.
 * @returns how it ended
 * @throws a failure of the machine that does not pass
 */
export async function driveAgent(options: DriveOptions): Promise<Ending> {
  const { machine, signal } = options;
  const cache: ResultCache = new Map();
  let refused = { key: "", count: 0 };
  let failures = 0;
  while (!signal.aborted) {
    const seen = await look(options, cache);
    if (seen === null) return { type: "gone" };
    const next = nextStep(seen.view);
    if (next.type === "done") return { type: "finished", outcome: next.outcome };
    if (next.type === "wait") {
      await waitFor(options, { position: seen.position, untilMs: next.untilMs });
      continue;
    }
    const caller: Caller = { principal: seen.view.agent.principal, grant: seen.view.agent.grant, proof: options.proof };
    const moves = [...next.moves];
    for (const move of moves) {
      const { operation, payloads } = toOperation(move, {
        agent: seen.view.agent,
        seal: (bytes, references) => machine.seal(bytes, references),
      });
      let receipt: Receipt;
      try {
        receipt = await machine.submit(operation, { caller, payloads });
      } catch (error) {
        failures += 1;
        if (!isPassing(error) || failures >= failuresInRowMax) throw error;
        await options.clock.reach(options.clock.nowMs() + failureWaitMs, { signal });
        break;
      }
      failures = 0;
      if (!("refusal" in receipt.outcome)) {
        refused = { key: "", count: 0 };
        continue;
      }
      const { refusal } = receipt.outcome;
      const instead = insteadOf(move, refusal);
      if (instead !== undefined) {
        // After a crash in between, the same is asked and refused again, and comes to the same.
        moves.push(instead);
        continue;
      }
      const key = keyOf(move, refusal);
      refused = { key, count: key === refused.key ? refused.count + 1 : 1 };
      const pause = pauseAfter(refusal, { receipt, nowMs: seen.view.nowMs });
      if (pause.untilMs === seen.view.nowMs && refused.count >= refusalsInRowMax)
        return { type: "crashed", code: refusal.code };
      await waitFor(options, { position: seen.position, ...pause });
      break;
    }
  }
  return { type: "stopped" };
}

interface Seen {
  readonly view: AgentView;
  readonly position: number;
}

async function look(options: DriveOptions, cache: ResultCache): Promise<Seen | null> {
  const found = await options.machine.view((state) => {
    const agent: Agent | undefined = state.agents.get(options.agent);
    if (agent === undefined) return null;
    return {
      agent,
      tasks: [...state.lookup.tasksOf(agent.id)],
      effects: [...state.lookup.effectsOf(agent.id)],
      companions: companionsOf(agent, state),
      head: state.head,
    };
  });
  if (found === null) return null;
  const { agent, tasks, effects, companions, head } = found;
  const result = await readResults(options.machine, { agent, tasks, cache });
  const nowMs = Math.max(options.clock.nowMs(), head.timeMs);
  return {
    view: { agent, tasks, effects, companions, nowMs, program: options.program, tools: options.tools, result },
    position: head.position,
  };
}

function companionsOf(agent: Agent, state: KernelState): ReadonlyMap<string, AgentId> {
  const session = agent.session === null ? undefined : state.sessions.get(agent.session);
  const live = (session?.agents ?? []).flatMap(({ agent: id }) => (id === null ? [] : (state.agents.get(id) ?? [])));
  return new Map(live.map(({ name, id }) => [name, id]));
}

// What can pass by itself is waited for; of everything else the log is looked at again at once, for it may have moved on.
function pauseAfter(
  refusal: Refusal,
  { receipt, nowMs }: { readonly receipt: Receipt; readonly nowMs: number },
): { readonly untilMs: number | null } {
  if (receipt.position === null) return { untilMs: (Math.floor(nowMs / 60_000) + 1) * 60_000 };
  if (refusal.code === "task_not_due") return { untilMs: refusal.notBeforeMs };
  if (refusal.code === "task_not_overdue") return { untilMs: refusal.deadlineMs + 1 };
  if (refusal.code === "limit_reached") return { untilMs: nowMs + crowdedWaitMs };
  return { untilMs: refusal.code === "vault_held" || refusal.code === "agent_suspended" ? null : nowMs };
}

async function waitFor(
  options: DriveOptions,
  { position, untilMs }: { readonly position: number; readonly untilMs: number | null },
): Promise<void> {
  const { clock, pulse, agent } = options;
  if (untilMs !== null && untilMs <= clock.nowMs()) return;
  const over = new AbortController();
  const signal = AbortSignal.any([options.signal, over.signal]);
  try {
    const waits = [pulse.after(position, { agent, signal })];
    if (untilMs !== null) waits.push(clock.reach(untilMs, { signal }));
    await Promise.race(waits);
  } finally {
    over.abort();
  }
}

function keyOf(move: Move, refusal: Refusal): string {
  const place = move.type === "effect.request" ? move.step.label : move.type === "task.schedule" ? move.task.key : "";
  return `${move.type} ${place} ${refusal.code}`;
}
