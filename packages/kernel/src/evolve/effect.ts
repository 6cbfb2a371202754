/** What events of effects and tools do to the state. */
import { reserveOf } from "../budget/accounts.ts";
import { book, drain, reserve } from "../budget/booking.ts";
import { figuresOf, noFigures } from "../budget/figures.ts";
import type { ApprovalRequested } from "../events/approval.ts";
import type { EffectEvent, EffectOwed, EffectRequested, EffectSettled } from "../events/effect.ts";
import { fault } from "../failure.ts";
import type { ToolFields } from "../operations/tool-register.ts";
import type { ToolId } from "../ids.ts";
import type { Effect, EffectApproval, StepState } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";
import { setStep } from "./task.ts";

interface Requested {
  readonly event: EffectRequested | ApprovalRequested;
  readonly cause: Cause;
  readonly status: "requested" | "awaiting";
  readonly approval: EffectApproval | null;
}

/** Applies an event of effects or tools. */
export function evolveEffect(state: LiveState, event: EffectEvent, cause: Cause): void {
  switch (event.type) {
    case "effect.requested":
      return putRequested(state, { event, cause, status: "requested", approval: null });
    case "effect.started": {
      const effect = rowOf(state.effects, event.effect);
      return state.table.effects.put({ ...effect, status: "started", startedAtMs: cause.timeMs });
    }
    case "effect.settled":
      return settled(state, event, cause);
    case "effect.owed":
      return owed(state, event, cause.timeMs);
    case "effect.abandoned": {
      const effect = rowOf(state.effects, event.effect);
      return remove(state, effect, { timeMs: cause.timeMs, step: failedStep(effect, "abandoned") });
    }
    case "tool.registered":
      return putTool(state, event.tool, askedFor(cause, "tool.register"));
    case "tool.updated":
      return putTool(state, event.tool, askedFor(cause, "tool.update"));
    case "tool.unregistered":
      return state.table.tools.drop(event.tool);
    case "tool.injected": {
      const agent = rowOf(state.agents, event.agent);
      return state.table.agents.put({ ...agent, injected: [...agent.injected, event.name] });
    }
  }
}

/** Adds an effect that was asked for: its amounts are held, whether it may be performed or waits for an approval. */
export function putRequested(state: LiveState, options: Requested): void {
  const { event, cause, status, approval } = options;
  const asked = askedFor(cause, "effect.request");
  const { timeMs, stamp } = cause;
  const held = reserveOf(asked.kind, asked.reserve);
  reserve(state, { budget: asked.budget, timeMs, held });
  state.table.effects.put({
    id: event.effect,
    kind: asked.kind,
    label: asked.label,
    principal: stamp.principal,
    grant: stamp.grant ?? fault("an effect was requested without a grant"),
    agent: asked.agent,
    task: asked.task,
    step: asked.step,
    tool: asked.tool,
    ...(asked.undoes === undefined ? {} : { undoes: asked.undoes }),
    program: asked.tool === null ? null : (state.lookup.tool(asked.tool)?.program ?? null),
    sideEffect: event.sideEffect,
    arguments: asked.arguments,
    claims: asked.claims,
    budget: asked.budget,
    reserve: held,
    presumed: noFigures,
    timeoutMs: asked.timeoutMs,
    requestedAtMs: timeMs,
    startedAtMs: null,
    status,
    approval,
  });
  if (asked.task === null || asked.step === null) return;
  const to: StepState = { status, effect: event.effect, result: null, code: null };
  setStep(state, { task: asked.task, step: asked.step, to });
}

function settled(state: LiveState, event: EffectSettled, cause: Cause): void {
  const { outcome, code, result } = askedFor(cause, "effect.settle");
  const { timeMs } = cause;
  const effect = rowOf(state.effects, event.effect);
  book(state, { budget: effect.budget, timeMs, held: effect.reserve, booked: figuresOf(event.booked) });
  const step: StepState =
    outcome === "succeeded"
      ? { status: "succeeded", effect: effect.id, result, code }
      : { ...failedStep(effect, code ?? outcome), result };
  remove(state, effect, { timeMs, step });
}

function owed(state: LiveState, event: EffectOwed, timeMs: number): void {
  const effect = rowOf(state.effects, event.effect);
  book(state, { budget: effect.budget, timeMs, held: effect.reserve, booked: figuresOf(event.booked) });
  state.table.effects.put({ ...effect, status: "owed", reserve: noFigures, presumed: figuresOf(event.booked) });
}

function remove(
  state: LiveState,
  effect: Effect,
  { timeMs, step }: { readonly timeMs: number; readonly step: StepState },
): void {
  state.table.effects.drop(effect.id);
  drain(state, { budget: effect.budget, timeMs });
  if (effect.task !== null && effect.step !== null) setStep(state, { task: effect.task, step: effect.step, to: step });
}

function failedStep(effect: Effect, code: string): StepState {
  return { status: "failed", effect: effect.id, result: null, code };
}

function putTool(state: LiveState, id: ToolId, asked: ToolFields): void {
  const { name, version, sideEffect, manifest, program, permissions, timeoutMsMax } = asked;
  state.table.tools.put({ id, name, version, sideEffect, manifest, program, permissions, timeoutMsMax });
}
