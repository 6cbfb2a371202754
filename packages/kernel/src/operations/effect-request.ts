/** `effect.request`: asks for something to be done in the world: authority and budget are decided here, once for all kinds. */
import { isBeyondApproval } from "../approvals.ts";
import { isCovered } from "../authority/covers.ts";
import type { Permission } from "../authority/permission.ts";
import type { Amounts } from "../budget/amounts.ts";
import { reserveOf } from "../budget/accounts.ts";
import { spendable } from "../budget/spendable.ts";
import { checked, integer, list, nullable, oneOf, optional, record } from "../codec/shape.ts";
import { amounts, content, id, inputs, key, name, permission, shortText } from "../codec/shapes.ts";
import type { Content, Input } from "../content.ts";
import {
  accept,
  controlled,
  full,
  grantAsked,
  type Moment,
  openVault,
  type OperationKind,
  refuse,
} from "../decision.ts";
import type { DefinitionPart } from "../definition.ts";
import { type AgentId, type BudgetId, compareIds, type EffectId, placeOf, type TaskId } from "../ids.ts";
import { fixedLimits, limitCeilings } from "../limits.ts";
import { refTo, type Ruling, rulingOn } from "../policies.ts";
import { evaluate } from "../predicate/evaluate.ts";
import { factsOf, own } from "../predicate/facts.ts";
import type { PlainRefusal } from "../refusal.ts";
import type { Agent, EffectKind, SideEffect, Tool } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Requests an effect. */
export interface EffectRequest {
  readonly type: "effect.request";
  readonly kind: EffectKind;
  readonly label: string;
  /** The agent it is for; null for a person's or service's own. */
  readonly agent: AgentId | null;
  readonly task: TaskId | null;
  /** Label of the declared step that it performs. */
  readonly step: string | null;
  /** Name of the tool; null for every other kind. */
  readonly tool: string | null;
  /** For kind undo alone: the effects whose changes are taken back, in ascending order. */
  readonly undoes?: readonly EffectId[];
  readonly arguments: Content;
  /** What it will touch: the runtime lets it touch nothing else. */
  readonly claims: readonly Permission[];
  /** Held on the budget until it is settled. For a tool the kernel adds the one tool call. */
  readonly reserve: Amounts;
  readonly budget: BudgetId;
  readonly timeoutMs: number;
  /** Attested values for the step's `when`. */
  readonly inputs: readonly Input[];
}

/** How it is read and decided. */
export const effectRequest: OperationKind<EffectRequest> = {
  shape: checked(
    record<EffectRequest>({
      type: oneOf("effect.request"),
      kind: oneOf("tool", "code", "undo"),
      label: shortText,
      agent: nullable(id("agent")),
      task: nullable(id("task")),
      step: nullable(key),
      tool: nullable(name),
      undoes: optional(list(id("effect"), { min: 1, max: fixedLimits.undoesMax })),
      arguments: content,
      claims: list(permission, { max: fixedLimits.claimsMax }),
      reserve: amounts,
      budget: id("budget"),
      timeoutMs: integer(1, limitCeilings.effectTimeoutMsMax),
      inputs,
    }),
    (request) => {
      if ((request.kind === "tool") === (request.tool === null)) {
        return { path: "tool", wanted: "a name for kind tool, null for every other kind" };
      }
      if ((request.kind === "undo") === (request.undoes === undefined)) {
        return { path: "undoes", wanted: "effects for kind undo, nothing for every other kind" };
      }
      const unordered = disorder(request.undoes ?? []);
      if (unordered >= 0) return { path: `undoes[${unordered}]`, wanted: "each effect once, in ascending order" };
      if (request.step !== null && request.task === null) return { path: "task", wanted: "the task of the step" };
      if (request.task !== null && request.agent === null) return { path: "agent", wanted: "the agent of the task" };
      return undefined;
    },
  ),
  starts: true,
  decide: (state, operation, moment) => {
    const { agent: id, task, step } = operation;
    const asked = id === null ? undefined : controlled(state, { moment, agent: id });
    if (asked !== undefined && "refused" in asked) return asked;
    const agent = asked?.agent;
    const definition = agent === undefined ? undefined : state.definitions.get(agent.definition)?.part;
    const tool = operation.tool === null ? undefined : state.lookup.tool(operation.tool);
    const at: AtHand = { operation, moment, agent, definition, tool };
    const reserve = reserveOf(operation.kind, operation.reserve);
    const sideEffect = tool?.sideEffect ?? classOf(operation);
    const refused = agentAmiss(at) ?? stepAmiss(state, at) ?? toolAmiss(at) ?? claimsAmiss(state, at);
    if (refused !== undefined) return refuse(refused);
    const ruling = rulingOn(state, { ...operation, principal: moment.stamp.principal, sideEffect, reserve });
    const no =
      policyAmiss(at, ruling) ??
      undoesAmiss(state, at) ??
      timeoutAmiss(state, at) ??
      spendable(state, { budget: operation.budget, wanted: reserve, moment }) ??
      crowded(state, at);
    if (no !== undefined) return refuse(no);
    const effect = moment.fresh("effect");
    const asks = { effect, agent: id, task, step, sideEffect };
    const policy = refTo(ruling.policy);
    if (ruling.effect !== "require-approval") {
      return accept({ type: "effect.requested", schema: 1, ...asks, policy });
    }
    const waitMs = Math.min(ruling.policy?.withinMs ?? Infinity, openVault(state).limits.approvalMsMax);
    const waits = { program: tool?.program ?? null, policy, deadlineMs: moment.timeMs + waitMs };
    return accept({ type: "approval.requested", schema: 1, ...asks, ...waits });
  },
};

type Amiss = PlainRefusal | undefined;

// The request, and what it names as far as it exists.
interface AtHand {
  readonly operation: EffectRequest;
  readonly moment: Moment;
  readonly agent: Agent | undefined;
  readonly definition: DefinitionPart | undefined;
  readonly tool: Tool | undefined;
}

function agentAmiss({ agent }: AtHand): Amiss {
  return agent?.state === "suspended" ? { code: "agent_suspended", agent: agent.id } : undefined;
}

function stepAmiss(state: LiveState, { operation, agent, definition }: AtHand): Amiss {
  const { task: id, step, tool } = operation;
  if (id === null) return undefined;
  const task = state.tasks.get(id);
  if (agent === undefined || task?.agent !== agent.id || task.status !== "running") {
    return { code: "task_not_running", task: id };
  }
  if (step === null) return undefined;
  const declared = definition?.tasks.find(({ key: of }) => of === task.key)?.steps;
  const part = declared?.find(({ label }) => label === step);
  if (part?.tool !== tool) return { code: "step_not_declared", step };
  const stands = own(task.steps, step);
  if (stands?.status === "requested" || stands?.status === "awaiting")
    return { code: "step_in_flight", effect: stands.effect };
  if (stands !== undefined) return { code: "step_settled", status: stands.status };
  if (part?.when === undefined) return undefined;
  const { holds, error } = evaluate(part.when, factsOf(agent, { state, task, inputs: operation.inputs }));
  return holds ? undefined : { code: "condition_not_met", error };
}

function toolAmiss({ operation, agent, definition, tool }: AtHand): Amiss {
  const { tool: wanted } = operation;
  if (wanted === null) return undefined;
  if (tool === undefined) return { code: "tool_unknown", name: wanted };
  if (agent === undefined) return undefined;
  const offered = definition?.tools.includes(wanted) === true || agent.injected.includes(wanted);
  return offered ? undefined : { code: "tool_not_offered", name: wanted };
}

function claimsAmiss(state: LiveState, { operation, moment, tool }: AtHand): Amiss {
  const { claims } = operation;
  const held = grantAsked(state, moment).permissions;
  const call = callOf(operation);
  const lacking = isCovered(held, call) ? claims.find((claim) => !isCovered(held, claim)) : call;
  if (lacking !== undefined) return { code: "permission_denied", permission: lacking };
  if (tool === undefined) return undefined;
  const beyond = claims.find((claim) => !isCovered(tool.permissions, claim));
  return beyond === undefined ? undefined : { code: "claim_beyond_tool", permission: beyond };
}

function policyAmiss({ operation, moment }: AtHand, { effect, policy, error }: Ruling): Amiss {
  const by = refTo(policy);
  if (effect === "deny" && by !== null) return { code: "policy_denied", policy: by, error };
  // Nobody could answer: then it is refused at once instead of waiting for ever.
  if (effect !== "require-approval" || !isBeyondApproval(moment.stamp.principal)) return undefined;
  return { code: "approval_required", tool: operation.tool, policy: by };
}

function callOf({ kind, tool }: EffectRequest): Permission {
  if (tool !== null) return `tool.call:${tool}`;
  return kind === "undo" ? "effect.undo:*" : "code.run:native";
}

// What is under way has not said yet what it changes. What an effect of the past changed stands in the log, not in the state: the host
// looks there, and refuses what was undone before or has been changed since.
function undoesAmiss(state: LiveState, { operation, moment }: AtHand): Amiss {
  for (const effect of operation.undoes ?? []) {
    if (placeOf(effect).position >= moment.position) return { code: "effect_unknown", effect };
    if (state.effects.has(effect)) return { code: "effect_unsettled", effect };
  }
  return undefined;
}

function timeoutAmiss(state: LiveState, { operation, tool }: AtHand): Amiss {
  const vaultMax = openVault(state).limits.effectTimeoutMsMax;
  const timeoutMsMax = Math.min(vaultMax, tool?.timeoutMsMax ?? vaultMax);
  return operation.timeoutMs <= timeoutMsMax ? undefined : { code: "timeout_out_of_range", timeoutMsMax };
}

function crowded(state: LiveState, { agent, definition }: AtHand): Amiss {
  if (agent !== undefined) {
    const max = definition?.limits.openEffectsMax ?? 0;
    const open = state.index.effectsOfAgent.count(agent.id);
    if (open >= max) return { code: "limit_reached", limit: "openEffectsMax", max };
  }
  return full("effectsMax", { state, count: state.effects.size });
}

// Code has no registration that says what it may do; its claims do. An undo that is cut short is done again from the start.
function classOf({ kind, claims }: EffectRequest): SideEffect {
  if (kind === "undo") return "idempotent";
  if (claims.some((claim) => claim.startsWith("net.connect:"))) return "external";
  return claims.some((claim) => claim.startsWith("fs.write:")) ? "idempotent" : "read_only";
}

// Where a list stops ascending; negative when it does not.
function disorder(effects: readonly EffectId[]): number {
  return effects.findIndex((effect, index) => {
    const before = effects[index - 1];
    return before !== undefined && compareIds(before, effect) >= 0;
  });
}
