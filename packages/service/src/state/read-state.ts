/**
 * Reads the rows of an area out of the kernel's state.
 */
import {
  type Agent,
  type AgentQuery,
  addAmounts,
  type Amounts,
  amountsBy,
  approvalsIn,
  availableOf,
  type AwaitedApproval,
  type Budget,
  type Definition,
  type Effect,
  type Family,
  findAgents,
  type Grant,
  type KernelState,
  type MachinePort,
  type Lease,
  leasesIn,
  type Message,
  type Policy,
  type Principal,
  type PrincipalId,
  type Session,
  type Task,
  type Timer,
  type Tool,
} from "@toka/kernel";

import type {
  AgentRow,
  ApprovalRow,
  BudgetRow,
  DefinitionRow,
  EffectRow,
  FamilyRow,
  GrantRow,
  LeaseRow,
  MessageRow,
  PolicyRow,
  PrincipalRow,
  SessionRow,
  StateAnswer,
  StateArea,
  StateRows,
  TaskRow,
  TimerRow,
  ToolRow,
} from "./areas.ts";

/** Rows of one answer: a person reads a screen of them, a program some thousands; a vault may hold 100,000 agents. */
export const stateRowsMax = 10_000;

type Rows<Area extends StateArea> = {
  readonly all: (state: KernelState) => { readonly size: number; readonly values: () => Iterable<unknown> };
  readonly take: (state: KernelState, max: number) => readonly StateRows[Area][];
};

const areas: { readonly [Area in StateArea]: Rows<Area> } = {
  agents: rowsOf((state) => state.agents, agentRow),
  tasks: rowsOf((state) => state.tasks, taskRow),
  tools: rowsOf((state) => state.tools, toolRow),
  sessions: rowsOf((state) => state.sessions, sessionRow),
  grants: rowsOf((state) => state.grants, grantRow),
  budgets: rowsOf((state) => state.budgets, budgetRow),
  effects: rowsOf((state) => state.effects, effectRow),
  definitions: rowsOf((state) => state.definitions, definitionRow),
  principals: rowsOf((state) => state.principals, principalRow),
  approvals: rowsOf((state) => new Set(approvalsIn(state)), approvalRow),
  policies: rowsOf((state) => new Set(state.vault?.policies ?? []), policyRow),
  leases: rowsOf((state) => new Set(leasesIn(state, state.head.timeMs)), leaseRow),
  families: rowsOf((state) => state.families, familyRow),
  messages: rowsOf((state) => state.messages, messageRow),
  timers: rowsOf((state) => state.timers, timerRow),
};

/** The names of all areas. */
export const stateAreas: readonly string[] = Object.keys(areas);

/**
 * Reads an area at the durable head.
 *
 * @param machine - of the vault
 * @param area - which
 * @returns its rows, in the order in which they were made
 */
export async function readState<Area extends StateArea>(
  machine: Pick<MachinePort, "view">,
  area: Area,
): Promise<StateAnswer<Area>> {
  return machine.view((state) => answerOf(state, area));
}

/**
 * Reads all areas of a state.
 *
 * @param state - at any position
 * @returns the rows of each, in the order in which they were made
 */
export function allAreas(state: KernelState): { readonly [Area in StateArea]: StateAnswer<Area> } {
  return {
    sessions: answerOf(state, "sessions"),
    agents: answerOf(state, "agents"),
    tasks: answerOf(state, "tasks"),
    effects: answerOf(state, "effects"),
    approvals: answerOf(state, "approvals"),
    messages: answerOf(state, "messages"),
    timers: answerOf(state, "timers"),
    tools: answerOf(state, "tools"),
    definitions: answerOf(state, "definitions"),
    grants: answerOf(state, "grants"),
    budgets: answerOf(state, "budgets"),
    policies: answerOf(state, "policies"),
    leases: answerOf(state, "leases"),
    families: answerOf(state, "families"),
    principals: answerOf(state, "principals"),
  };
}

function answerOf<Area extends StateArea>(state: KernelState, area: Area): StateAnswer<Area> {
  const { all, take } = areas[area];
  const { position, timeMs } = state.head;
  return { position, timeMs, total: all(state).size, rows: take(state, stateRowsMax) };
}

/**
 * Finds live agents at the durable head.
 *
 * @param machine - of the vault
 * @param query - what they must be
 * @returns their rows, in the order in which they were spawned
 */
export async function readAgents(
  machine: Pick<MachinePort, "view">,
  query: AgentQuery,
): Promise<StateAnswer<"agents">> {
  return machine.view((state) => {
    const found = findAgents(state, query);
    const { position, timeMs } = state.head;
    const rows = found.slice(0, stateRowsMax).map((agent) => agentRow(state, agent));
    return { position, timeMs, total: found.length, rows };
  });
}

interface Table<Entity> {
  readonly size: number;
  readonly values: () => Iterable<Entity>;
}

function rowsOf<Area extends StateArea, Entity>(
  table: (state: KernelState) => Table<Entity>,
  row: (state: KernelState, entity: Entity) => StateRows[Area],
): Rows<Area> {
  return {
    all: table,
    take: (state, max) => {
      const rows: StateRows[Area][] = [];
      for (const entity of table(state).values()) {
        if (rows.length >= max) break;
        rows.push(row(state, entity));
      }
      return rows;
    },
  };
}

function nameOf(state: KernelState, principal: PrincipalId): string {
  return state.principals.get(principal)?.name ?? principal;
}

function agentRow(state: KernelState, agent: Agent): AgentRow {
  const part = state.definitions.get(agent.definition)?.part;
  const budget = state.budgets.get(agent.budget);
  return {
    id: agent.id,
    name: agent.name,
    definition: agent.definition,
    version: part?.version ?? "",
    capabilities: part?.capabilities ?? [],
    domain: part?.domain ?? null,
    state: agent.state,
    suspendReason: agent.suspendReason,
    lifecycle: agent.lifecycle,
    principal: agent.principal,
    grant: agent.grant,
    permissions: state.grants.get(agent.grant)?.permissions ?? [],
    budget: agent.budget,
    allotment: budget === undefined ? {} : plain(budget.allotment),
    used: budget === undefined ? {} : addAmounts(budget.spent, budget.reserved),
    parent: agent.parent,
    session: agent.session,
    tasks: (part?.tasks ?? []).map(({ key }) => {
      const live = state.lookup.task(agent.id, key);
      const over = Object.hasOwn(agent.tasks, key) ? agent.tasks[key] : undefined;
      return { key, status: live?.status ?? over?.status ?? "waiting", task: live?.id ?? over?.task ?? null };
    }),
    objectives: (part?.objectives ?? []).map(({ key }) => ({
      key,
      met: Object.hasOwn(agent.objectives, key) ? (agent.objectives[key]?.met ?? null) : null,
    })),
  };
}

function taskRow(state: KernelState, task: Task): TaskRow {
  return {
    id: task.id,
    key: task.key,
    agent: task.agent,
    agentName: state.agents.get(task.agent)?.name ?? task.agent,
    status: task.status,
    priority: task.priority,
    attempt: task.attempt,
    notBeforeMs: task.notBeforeMs,
    startedAtMs: task.startedAtMs,
    progressPermille: task.progressPermille,
    steps: Object.entries(task.steps).map(([label, { status, code }]) => ({ label, status, code })),
  };
}

function toolRow(_state: KernelState, tool: Tool): ToolRow {
  const { id, name, version, sideEffect, program, permissions, timeoutMsMax } = tool;
  return { id, name, version, sideEffect, program, permissions, timeoutMsMax };
}

function sessionRow(_state: KernelState, session: Session): SessionRow {
  const { id, name, workspace, output, wave, concurrencyMax, onFailure, restartsMax } = session;
  return {
    id,
    name,
    workspace,
    output,
    wave,
    concurrencyMax,
    onFailure,
    restartsMax,
    agents: session.agents.map((agent) => ({
      name: agent.name,
      state: agent.state,
      agent: agent.agent,
      dependsOn: agent.dependsOn,
      restarts: agent.restarts,
    })),
  };
}

function grantRow(state: KernelState, grant: Grant): GrantRow {
  const { id, parent, holder, permissions, expiresAtMs, depthLeft } = grant;
  return { id, parent, holder, holderName: nameOf(state, holder), permissions, expiresAtMs, depthLeft };
}

function budgetRow(state: KernelState, budget: Budget): BudgetRow {
  return {
    id: budget.id,
    parent: budget.parent,
    holder: budget.holder,
    holderName: nameOf(state, budget.holder),
    allotment: plain(budget.allotment),
    spent: plain(budget.spent),
    reserved: plain(budget.reserved),
    carved: plain(budget.carved),
    overdraft: plain(budget.overdraft),
    available: amountsBy((kind) => availableOf(budget, kind)),
    windowMs: budget.window?.lengthMs ?? null,
    closing: budget.closing,
  };
}

function effectRow(state: KernelState, effect: Effect): EffectRow {
  return {
    id: effect.id,
    kind: effect.kind,
    label: effect.label,
    status: effect.status,
    principal: effect.principal,
    agent: effect.agent,
    agentName: effect.agent === null ? null : (state.agents.get(effect.agent)?.name ?? null),
    task: effect.task,
    step: effect.step,
    tool: effect.tool,
    sideEffect: effect.sideEffect,
    claims: effect.claims,
    budget: effect.budget,
    presumed: plain(effect.presumed),
    timeoutMs: effect.timeoutMs,
    requestedAtMs: effect.requestedAtMs,
    startedAtMs: effect.startedAtMs,
  };
}

function definitionRow(_state: KernelState, { id, part, status, proposer }: Definition): DefinitionRow {
  const { name, version, tools, tasks, permissions } = part;
  const declared = tasks.map(({ key, priority, after }) => ({ key, priority, after }));
  return { id, name, version, status, proposer, tools, tasks: declared, permissions };
}

function principalRow(_state: KernelState, { id, name, kind, agent }: Principal): PrincipalRow {
  return { id, name, kind, agent };
}

function approvalRow(state: KernelState, { effect, binding, deadlineMs, changed }: AwaitedApproval): ApprovalRow {
  const { id, label, principal, agent, tool, sideEffect } = effect;
  const agentName = agent === null ? null : (state.agents.get(agent)?.name ?? null);
  const policy = effect.approval?.policy ?? null;
  return { id, label, principal, agent, agentName, tool, sideEffect, policy, deadlineMs, changed, binding };
}

function policyRow(_state: KernelState, policy: Policy): PolicyRow {
  const { name: id, effect, source, when, withinMs, position } = policy;
  return { id, effect, source, when, withinMs, position };
}

function leaseRow(state: KernelState, { id, epoch, holder, grant, takenAtMs, expiresAtMs }: Lease): LeaseRow {
  return { id, epoch, holder, holderName: nameOf(state, holder), grant, takenAtMs, expiresAtMs };
}

/**
 * A family as a row.
 *
 * @param _state - that it stands in
 * @param family - of the kernel
 * @returns the row
 */
export function familyRow(_state: KernelState, family: Family): FamilyRow {
  const { id, version, bundle, program, engine, rows, chars } = family;
  return { id, version, bundle: bundle.commitment, program, engine, rows, chars };
}

function messageRow(state: KernelState, message: Message): MessageRow {
  const { id, to, sender, topic, timer, sentAtMs } = message;
  const { commitment: content, size: bytes } = message.content;
  return { id, to, toName: nameOf(state, to), sender, topic, timer, content, bytes, sentAtMs };
}

function timerRow(state: KernelState, timer: Timer): TimerRow {
  const { id, agent, sender, schedule, nextMs, fired, missed } = timer;
  return { id, agent, agentName: state.agents.get(agent)?.name ?? agent, sender, schedule, nextMs, fired, missed };
}

/** Figures without their zeros. */
function plain(figures: Amounts): Amounts {
  return amountsBy((kind) => figures[kind] ?? 0);
}
