/**
 * Draws operations at random from what lives in the state: there is no second model of the kernel here, only a taste for
 * operations that have a chance.
 */
import {
  actions,
  approvalsIn,
  bindingOf,
  genesisIds,
  operationTypes,
  type Effect,
  type KernelState,
} from "../src/index.ts";
import { toolOf, workerPart } from "./furnished.ts";
import type { Choices, Made, Setting } from "./generate/setting.ts";
import { makeAlert, makeMetric, makeObservation } from "./generate/observation.ts";
import { makeTick, makeTimer } from "./generate/timer.ts";
import { forkOf } from "./generate/fork.ts";
import { makeFamily } from "./generate/family.ts";
import { makeLease } from "./generate/lease.ts";
import { makeMessage, makeTopic } from "./generate/message.ts";
import {
  host,
  otherDigest,
  requestOf,
  root,
  sessionOf,
  settlementOf,
  someContent,
  someDigest,
  type By,
  type Draft,
} from "./world.ts";

/** An operation and who asks it. */
export interface Drawn {
  readonly draft: Draft;
  readonly by: By;
  /** How far the clock moves before it is asked, ms. */
  readonly passMs: number;
}

/** Draws an operation; undefined when what it needs does not live. */
export function draw(state: KernelState, choices: Choices): Drawn | undefined {
  const type = choices.of(choices.chance(55) ? busy : operationTypes) ?? "batch";
  const made = make({ state, choices, type });
  if (made === undefined) return undefined;
  const by = choices.chance(8) ? anybody({ state, choices }) : (made.by ?? root);
  const passMs = made.passMs ?? (choices.chance(10) ? choices.below(100_000) : choices.below(20));
  return { draft: { ...made.draft, type }, by, passMs };
}

// Where most of the life is.
const busy = [
  "agent.spawn",
  "task.schedule",
  "task.schedule",
  "task.start",
  "task.start",
  "effect.request",
  "effect.request",
  "effect.request",
  "effect.settle",
  "effect.abandon",
  "approval.answer",
  // What comes of these takes several to meet, which grow rarer with each operation that there is.
  "approval.expire",
  "policy.set",
  "tool.update",
  "approval.answer",
  "approval.answer",
  "task.complete",
  "task.fail",
  "grant.delegate",
  "budget.carve",
  "batch",
];

function make({ state, choices, type }: Setting & { readonly type: string }): Made | undefined {
  if (type === "batch") return batch({ state, choices });
  const area = type.slice(0, type.indexOf("."));
  const maker = makers[area];
  return maker?.({ state, choices }, type.slice(area.length + 1));
}

function batch({ state, choices }: Setting): Made | undefined {
  const drawn = Array.from({ length: 1 + choices.below(4) }, () => {
    const type = choices.of(busy.filter((one) => one !== "batch")) ?? "vault.resume";
    const made = make({ state, choices, type });
    return made === undefined ? [] : [{ draft: { ...made.draft, type }, by: made.by ?? root }];
  }).flat();
  const by = drawn[0]?.by;
  if (by === undefined) return undefined;
  const operations = drawn.filter((one) => choices.chance(20) || one.by.principal === by.principal);
  return { draft: { operations: operations.map(({ draft }) => draft) }, by };
}

function anybody({ state, choices }: Setting): By {
  const grant = choices.of(state.grants.values());
  const principal = choices.chance(50) ? grant?.holder : choices.of(state.principals.keys());
  return { principal: principal ?? root.principal, grant: grant?.id ?? null };
}

function agentBy({
  state,
  choices,
}: Setting): { readonly agent: string; readonly by: By; readonly budget: string } | undefined {
  const agent = choices.of(state.agents.values());
  if (agent === undefined) return undefined;
  const { id, principal, grant, budget } = agent;
  return { agent: id, budget, by: choices.chance(70) ? { principal, grant } : root };
}

function ownerOf({ state }: Setting, agentId: string | undefined): By {
  for (const { id, principal, grant } of state.agents.values()) {
    if (id === agentId) return { principal, grant };
  }
  return root;
}

function amounts(choices: Choices, scale: number): { readonly [kind: string]: number } {
  const kinds = ["tokens", "moneyMicro", "cpuMs", "wallMs", "toolCalls", "memoryBytes", "storedBytes"];
  return Object.fromEntries(choices.some(kinds).map((kind) => [kind, choices.below(scale)]));
}

// Of what the root budget has: most requests then fail for other reasons than want of it.
function affordable(choices: Choices, scale: number): { readonly [kind: string]: number } {
  if (choices.chance(20)) return amounts(choices, scale);
  const kinds = ["tokens", "cpuMs", "wallMs", "storedBytes"];
  return Object.fromEntries(choices.some(kinds).map((kind) => [kind, choices.below(scale)]));
}

function permissions(choices: Choices): readonly string[] {
  const paths = ["/**", "/w/**", "/w/a", "/w/a/**", "/x"];
  const hosts = ["*", "*.example.com:443", "a.example.com:443", "other.org:80"];
  const names = ["*", "worker", "work*", "reader", "r*"];
  const drawn = Array.from({ length: choices.below(6) }, () => {
    const [action, kind] = choices.of(Object.entries(actions)) ?? ["fs.read", "path"];
    const resources = kind === "path" ? paths : kind === "host" ? hosts : names;
    return `${action}:${choices.of(resources)}`;
  });
  return choices.chance(50) ? ["fs.read:/w/**", "tool.call:*", ...drawn] : drawn;
}

function expiry({ state, choices }: Setting): number | null {
  return choices.chance(70) ? null : state.head.timeMs + choices.below(200_000);
}

function inputs(choices: Choices): readonly { readonly name: string; readonly value: unknown }[] {
  const given = [
    { name: "go", value: choices.chance(50) },
    { name: "count", value: choices.below(4) },
  ];
  return choices.some(given);
}

type Maker = (setting: Setting, verb: string) => Made | undefined;

const makers: { readonly [area: string]: Maker } = {
  vault: ({ state, choices }, verb) => {
    if (verb === "open") return { draft: { format: 1, vault: `vault-${"1".repeat(32)}`, ...opening }, by: host };
    if (verb === "resume") return { draft: {} };
    if (verb === "fork") return choices.chance(90) ? undefined : { draft: forkOf(state, choices), by: host };
    return {
      draft: {
        limits: {
          agentsMax: 5 + choices.below(10),
          effectsMax: 5 + choices.below(20),
          approvalMsMax: 1_000 + choices.below(100_000),
        },
      },
    };
  },
  timer: makeTimer,
  lease: makeLease,
  payload: ({ choices }) => ({
    draft: { payloads: choices.chance(70) ? [otherDigest] : [someDigest, otherDigest], reason: "asked for" },
  }),
  family: makeFamily,
  clock: ({ state, choices }, verb) =>
    verb === "tick" ? makeTick({ state, choices }) : { draft: { timeMs: state.head.timeMs + choices.below(600_000) } },
  principal: ({ choices }) => ({ draft: { name: `p${choices.below(100)}`, kind: "service" } }),
  key: () => ({ draft: { publicKey: "key", purpose: "checkpoints" }, by: host }),
  secret: ({ choices }) => ({ draft: { name: `s${choices.below(30)}` } }),
  fault: ({ choices }) => ({
    draft: {
      category: "resource",
      code: 1 + choices.below(100),
      severity: "info",
      component: "test",
      message: "",
      principal: null,
      count: 1,
    },
    by: host,
  }),
  grant: makeGrant,
  budget: makeBudget,
  definition: makeDefinition,
  agent: makeAgent,
  run: (setting, verb) => {
    const { state, choices } = setting;
    if (verb === "start") {
      const asked = agentBy(setting);
      return asked && { draft: { agent: asked.agent }, by: asked.by };
    }
    const run = choices.of(state.runs.values());
    return run && { draft: { run: run.id, outcome: "completed" }, by: ownerOf(setting, run.agent) };
  },
  task: makeTask,
  objective: (setting) => {
    const { choices } = setting;
    const asked = agentBy(setting);
    const objective = choices.of(["seen", "counted", "hidden"]) ?? "seen";
    const method = objective === "counted" ? "cel" : "file";
    const evidence = [{ label: "report", content: someContent }];
    const draft = { objective, method, met: choices.chance(50), evidence, inputs: inputs(choices) };
    return asked && { draft: { agent: asked.agent, ...draft } };
  },
  effect: makeEffect,
  approval: makeApproval,
  policy: makePolicy,
  tool: makeTool,
  session: makeSession,
  message: makeMessage,
  topic: makeTopic,
  observation: makeObservation,
  metric: makeMetric,
  alert: makeAlert,
};

const opening = { name: "v", host: "h", root: "r", allotment: {}, held: false };

function makeGrant(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  const holder = choices.of(state.principals.keys());
  if (verb === "issue") {
    const draft = {
      holder,
      permissions: permissions(choices),
      expiresAtMs: expiry(setting),
      depthMax: choices.below(5),
    };
    return { draft };
  }
  const grant = choices.of(state.grants.values());
  if (grant === undefined) return undefined;
  if (verb === "revoke") return choices.chance(40) ? { draft: { grant: grant.id } } : undefined;
  const narrower = choices.chance(70) ? choices.some(grant.permissions) : permissions(choices);
  const expiresAtMs = choices.chance(60) ? grant.expiresAtMs : expiry(setting);
  const by = { principal: grant.holder, grant: grant.id };
  return { draft: { to: holder, parent: grant.id, permissions: narrower, expiresAtMs }, by };
}

function makeBudget({ state, choices }: Setting, verb: string): Made | undefined {
  // One with something going on closes slowly, which is where books go wrong.
  const inUse = verb === "close" ? choices.of(fromAgents(state))?.budget : undefined;
  const budget = (inUse && state.budgets.get(inUse)) ?? choices.of(state.budgets.values());
  const holder = choices.of(state.principals.keys());
  if (verb === "allot") {
    const window = choices.chance(60) ? { window: { lengthMs: 60_000 + choices.below(60_000) } } : {};
    return { draft: { holder, amounts: amounts(choices, 5_000), ...window } };
  }
  if (budget === undefined) return undefined;
  const above = state.budgets.get(budget.parent ?? budget.id);
  const principal = verb === "carve" ? budget.holder : (above?.holder ?? root.principal);
  const grant = [...state.grants.values()].find((one) => one.holder === principal)?.id ?? null;
  const by = { principal, grant };
  if (verb === "carve") return { draft: { parent: budget.id, holder, amounts: amounts(choices, 400) }, by };
  if (verb === "close") return choices.chance(60) ? { draft: { budget: budget.id }, by } : undefined;
  return { draft: { budget: budget.id, amounts: amounts(choices, 400) }, by };
}

function fromAgents(state: KernelState): readonly Effect[] {
  return [...state.effects.values()].filter((effect) => effect.agent !== null);
}

function makeDefinition(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "register" || verb === "propose") {
    const part = { ...workerPart, name: choices.of(["worker", "other"]) };
    return { draft: { part, source: someContent }, by: verb === "propose" ? anybody(setting) : root };
  }
  if (verb === "roll-back") return { draft: { name: choices.of(["worker", "other"]) } };
  const proposed = [...state.definitions.values()].filter((one) => one.status === "proposed" || choices.chance(5));
  const definition = choices.of(proposed)?.id;
  return definition && { draft: { definition } };
}

function makeAgent(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "spawn") return spawning(setting);
  const asked = agentBy(setting);
  if (asked === undefined) return undefined;
  const { agent, by } = asked;
  if (verb === "terminate") {
    const reason = choices.of(["completed", "crashed", "killed"]);
    return choices.chance(50) ? { draft: { agent, reason, exitCode: 0 }, by } : undefined;
  }
  if (verb === "suspend") return choices.chance(50) ? { draft: { agent, reason: "self-requested" }, by } : undefined;
  if (verb === "transition") return { draft: { agent, to: choices.of(["busy", "idle"]), inputs: inputs(choices) }, by };
  const suspended = [...state.agents.values()].find((one) => one.state === "suspended");
  return { draft: { agent: suspended?.id ?? agent } };
}

function spawning(setting: Setting): Made | undefined {
  const { state, choices } = setting;
  const definition = choices.of(state.definitions.values())?.id;
  if (definition === undefined) return undefined;
  const session = choices.chance(40) ? choices.of(state.sessions.values()) : undefined;
  const name = session === undefined ? "worker" : choices.of(session.agents)?.name;
  const allowed = choices.chance(70) ? workerPart.permissions : choices.some(workerPart.permissions);
  const draft = { name, definition, session: session?.id ?? null, permissions: allowed, expiresAtMs: expiry(setting) };
  const parent = choices.chance(30) ? choices.of(state.agents.values()) : undefined;
  if (parent !== undefined) {
    const held = state.grants.get(parent.grant)?.permissions ?? [];
    const narrower = choices.chance(70) ? held : choices.some(held);
    const rest = {
      parent: parent.id,
      budget: parent.budget,
      allotment: affordable(choices, 40),
      permissions: narrower,
    };
    return { draft: { ...draft, ...rest, session: null }, by: { principal: parent.principal, grant: parent.grant } };
  }
  const allotment = { ...affordable(choices, 400), cpuMs: 1 + choices.below(40), toolCalls: 1 + choices.below(8) };
  return { draft: { ...draft, parent: null, budget: genesisIds.rootBudget, allotment } };
}

function makeTask(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "schedule") {
    const asked = agentBy(setting);
    const task = choices.of(workerPart.tasks)?.key;
    const draft = { key: task, description: someContent, priority: "medium" };
    return asked && { draft: { agent: asked.agent, ...draft }, by: asked.by };
  }
  const wanted = verb === "start" || verb === "cancel" ? "scheduled" : "running";
  const fitting = [...state.tasks.values()].filter((one) => one.status === wanted || choices.chance(5));
  const task = choices.of(fitting);
  if (task === undefined) return undefined;
  const by = choices.chance(80) ? ownerOf(setting, task.agent) : root;
  const drafts: { readonly [verb: string]: Omit<Draft, "type"> } = {
    start: { inputs: inputs(choices) },
    report: { progressPermille: choices.below(1001), note: null },
    complete: { result: null, inputs: inputs(choices) },
    fail: { reason: "other", message: null, retry: choices.chance(70) },
    cancel: { reason: choices.of(["condition-not-met", "not-needed"]), inputs: inputs(choices) },
    "time-out": {},
  };
  if ((verb === "cancel" || verb === "fail") && choices.chance(50)) return undefined;
  return { draft: { task: task.id, ...drafts[verb] }, by };
}

function makeEffect(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "request") return requesting(setting);
  const wanted = verb === "abandon" ? ["owed"] : verb === "start" ? ["requested"] : ["requested", "started", "owed"];
  const fitting = [...state.effects.values()].filter((one) => wanted.includes(one.status) || choices.chance(5));
  const effect = choices.of(fitting)?.id;
  if (effect === undefined) return undefined;
  if (verb === "start") return { draft: { effect }, by: host };
  if (verb === "abandon") return { draft: { effect, reason: "nobody knows" }, by: host };
  // Some stay in flight for long.
  if (choices.chance(50)) return undefined;
  const outcome = choices.of(["succeeded", "succeeded", "failed", "timed-out", "aborted", "unknown"]);
  return {
    draft: { ...settlementOf(effect), outcome, usage: amounts(choices, choices.chance(20) ? 3_000 : 60) },
    by: host,
  };
}

function makeApproval(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  const fitting = [...state.effects.values()].filter((one) => one.status === "awaiting" || choices.chance(3));
  const stale = choices.chance(50) ? choices.of(approvalsIn(state).filter(({ changed }) => changed)) : undefined;
  const effect = stale?.effect ?? choices.of(fitting);
  if (effect === undefined) return undefined;
  if (verb === "expire") {
    const leftMs = (effect.approval?.deadlineMs ?? 0) - state.head.timeMs;
    const passMs = choices.chance(50) ? Math.max(0, leftMs) : 0;
    return { draft: { effect: effect.id }, by: host, passMs };
  }
  // Some wait for long, and what they ask for changes meanwhile.
  if (choices.chance(60)) return undefined;
  const how = choices.of(["allow", "allow", "allow of something else", "deny"]);
  const answer = how === "deny" ? "deny" : "allow";
  const other = { program: null, arguments: someDigest, claims: [] };
  const binding = how === "allow of something else" ? other : bindingOf(effect);
  const draft = { effect: effect.id, answer, binding, reason: "" };
  // Who asked tries too, and so do those below and beside him.
  if (choices.chance(60)) return { draft };
  const grant = choices.of([...state.grants.values()].filter((one) => one.parent !== null || choices.chance(10)));
  return { draft, by: { principal: grant?.holder ?? root.principal, grant: grant?.id ?? root.grant } };
}

function makePolicy({ choices }: Setting): Made {
  const name = `policy${choices.below(3)}`;
  if (choices.chance(45)) return { draft: { name, rule: null } };
  const effect = choices.of(["deny", "require-approval", "require-approval", "allow", "allow"]);
  const fact = choices.of(["tool", "agent", "sideEffect", "kind"]) ?? "tool";
  const value = choices.of(["reader", "admin", "worker", "read_only", "code"]) ?? "reader";
  const when = choices.chance(20) ? null : { op: "==", left: { fact: `request.${fact}` }, right: { value } };
  return { draft: { name, rule: { effect, source: "", when, withinMs: choices.chance(50) ? null : 1_000 } } };
}

function requesting(setting: Setting): Made | undefined {
  const { state, choices } = setting;
  const agent = choices.of(state.agents.values());
  if (agent === undefined || choices.chance(15)) {
    const draft = requestOf({ agent: "agent-1-0", budget: genesisIds.rootBudget } as Parameters<typeof requestOf>[0]);
    const reserve = amounts(choices, 30);
    const undoes = ["effect-2-0", ...(choices.chance(30) ? [...state.effects.keys()].slice(0, 1) : [])];
    const claims = choices.of([["fs.write:/w/**"], []]);
    if (choices.chance(40)) {
      return { draft: { ...draft, kind: "undo", tool: null, agent: null, undoes, claims, reserve } };
    }
    return { draft: { ...draft, kind: "code", tool: null, agent: null, claims: [], reserve } };
  }
  const { id, principal, grant, budget } = agent;
  const by = { principal, grant };
  const tool = choices.of(["reader", "reader", "sender", "admin", "admin", "spare"]);
  const claims = choices.of([["fs.read:/w/a"], ["fs.read:/elsewhere"], [], ["net.connect:a.example.com:443"]]);
  const changes = { tool, claims, reserve: reserve(choices), timeoutMs: 1 + choices.below(61_000) };
  const spawned = { agent: id, principal, grant, budget };
  const task = choices.of([...state.lookup.tasksOf(id)].filter((one) => one.status === "running"));
  if (task === undefined || choices.chance(20)) return { draft: requestOf(spawned, changes), by };
  const step = choices.of(workerPart.tasks.find((one) => one.key === task.key)?.steps ?? []);
  const ofStep = { task: task.id, step: step?.label ?? null, tool: step?.tool ?? "reader", inputs: inputs(choices) };
  const refused = step?.expect === "refusal" ? { claims: ["fs.read:/elsewhere"] } : {};
  return { draft: requestOf(spawned, { ...changes, ...ofStep, ...refused }), by };
}

function reserve(choices: Choices): { readonly [kind: string]: number } {
  return choices.chance(80) ? { cpuMs: choices.below(6) } : amounts(choices, 8);
}

function makeTool(setting: Setting, verb: string): Made | undefined {
  const { choices } = setting;
  const tool = choices.of(["reader", "sender", "admin", "admin", "spare", "extra"]) ?? "extra";
  if (verb === "register" || verb === "update") {
    const sideEffect = choices.of(["none", "read_only", "idempotent", "external", "privileged"]);
    const program = choices.chance(50) ? someDigest : otherDigest;
    return { draft: toolOf(tool, { sideEffect, program }) };
  }
  if (verb === "unregister") return choices.chance(30) ? { draft: { name: tool } } : undefined;
  const asked = agentBy(setting);
  return asked && { draft: { tool, agent: asked.agent } };
}

function makeSession({ state, choices }: Setting, verb: string): Made | undefined {
  if (verb === "start") {
    const onFailure = choices.of(["continue", "suspend-dependents", "stop"]);
    return { draft: sessionOf({ onFailure, concurrencyMax: 1 + choices.below(2), restartsMax: choices.below(2) }) };
  }
  const session = choices.of(state.sessions.values());
  if (session === undefined) return undefined;
  if (verb === "advance") return { draft: { session: session.id, wave: session.wave + 1 } };
  return choices.chance(60) ? { draft: { session: session.id, outcome: "completed" } } : undefined;
}
