/** A log in memory for tests: asks the kernel, applies what it decides, and keeps every entry. */
import {
  applyEntry,
  decideWith,
  emptyState,
  encodeEntry,
  genesisIds,
  genesisPrevious,
  newestFlag,
  parseOperation,
  type AgentId,
  type BudgetId,
  type Content,
  type Decision,
  type Digest,
  type EffectId,
  type Families,
  type Entry,
  type GrantId,
  type KernelEvent,
  type KernelState,
  type Outcome,
  type PrincipalId,
  type RunId,
  type SessionId,
  type Stamp,
  type TaskId,
} from "../src/index.ts";

import { tally } from "./tally.ts";

/** Who asks, under which grant. */
export interface By {
  readonly principal: PrincipalId;
  readonly grant: GrantId | null;
}

/** The operator. */
export const root: By & { readonly grant: GrantId } = { principal: genesisIds.root, grant: genesisIds.rootGrant };

/** The host. */
export const host: By = { principal: genesisIds.host, grant: null };

/** Where the clock of every world begins, ms. */
export const startMs = 1_790_000_000_000;

/** A digest with nothing behind it. */
export const someDigest: Digest = "sha256:q6uXvPDZ8kjlFLyvnmjhyiLLHkN4yRYjlRSEoTOYVpk";

/** Another. */
export const otherDigest: Digest = "sha256:p6uXvPDZ8kjlFLyvnmjhyiLLHkN4yRYjlRSEoTOYVpk";

/** A content that nothing registered names. */
export const otherContent: Content = { commitment: otherDigest, size: 7 };

/** A content with nothing behind it. */
export const someContent: Content = { commitment: someDigest, size: 12 };

/** An operation as tests write it: read by `parseOperation` before it is asked. */
export interface Draft {
  readonly type: string;
  readonly [key: string]: unknown;
}

/** `vault.open` of a test vault. */
export const genesis: Draft = {
  type: "vault.open",
  format: 1,
  vault: `vault-${"0".repeat(32)}`,
  name: "test",
  host: "host",
  root: "root",
  allotment: { tokens: 1_000_000, cpuMs: 1_000_000, wallMs: 1_000_000, toolCalls: 1_000, storedBytes: 1_000_000 },
  held: false,
  flags: newestFlag,
};

/** An agent with what it asks under. */
export interface Spawned extends By {
  readonly agent: AgentId;
  readonly grant: GrantId;
  readonly budget: BudgetId;
}

/** A log in memory. */
export class World {
  state: KernelState = emptyState();
  readonly entries: Entry[] = [];
  readonly bytes: string[] = [];
  timeMs: number = startMs;
  /** What runs the bundles of families. */
  families: Families = tally;

  /** A world whose vault is open. */
  static open(changes: Partial<Draft> = {}): World {
    const world = new World();
    world.must({ ...genesis, ...changes }, host);
    return world;
  }

  /** What is attested about somebody who asks now. */
  stamp({ principal, grant }: By): Stamp {
    const proof = { method: "local-uid", digest: genesisPrevious } as const;
    return { timeMs: this.timeMs, principal, grant, causes: [], proof };
  }

  /** What the kernel would say; nothing is applied. */
  decide(draft: Draft, by: By = root): Decision {
    return decideWith(this.state, parseOperation(draft), { stamp: this.stamp(by), families: this.families });
  }

  /** What the kernel would say, as it would stand in the entry. */
  decideOutcome(draft: Draft, by: By = root): Outcome {
    return outcomeOf(this.decide(draft, by));
  }

  /** Asks, and applies what is recorded. */
  ask(draft: Draft, by: By = root): Outcome {
    const operation = parseOperation(draft);
    const stamp = this.stamp(by);
    const decision = decideWith(this.state, operation, { stamp, families: this.families });
    const outcome = outcomeOf(decision);
    if ("refused" in decision && !decision.recorded) return outcome;
    const position = this.state.head.position + 1;
    // Not a digest, which is the store's to make, but as good to hold an entry to its place.
    const previous = `sha256:${String(position - 1).padStart(42, "A")}A`;
    const entry = { position, previous, stamp, operation, outcome };
    applyEntry(this.state, entry);
    this.entries.push(entry);
    this.bytes.push(encodeEntry(entry));
    return outcome;
  }

  /** Asks for what must be accepted. */
  must(draft: Draft, by: By = root): readonly KernelEvent[] {
    this.timeMs += 1;
    const outcome = this.ask(draft, by);
    if ("refusal" in outcome) throw new Error(`Cannot go on: ${draft.type} is ${JSON.stringify(outcome.refusal)}`);
    return outcome.events;
  }

  /** Registers a person with an issued grant and a budget carved from the root budget. */
  person(
    name: string,
    permissions: readonly string[],
    options: { expiresAtMs?: number; depthMax?: number } = {},
  ): By & {
    readonly grant: GrantId;
    readonly budget: BudgetId;
  } {
    const { principal } = one(this.must({ type: "principal.register", name, kind: "person" }), "principal.registered");
    const { expiresAtMs = null, depthMax = 4 } = options;
    const issued = this.must({ type: "grant.issue", holder: principal, permissions, expiresAtMs, depthMax });
    const { grant } = one(issued, "grant.issued");
    const amounts = { tokens: 1_000, cpuMs: 1_000, toolCalls: 10 };
    const carve = { type: "budget.carve", parent: genesisIds.rootBudget, holder: principal, amounts };
    const { budget } = one(this.must(carve), "budget.carved");
    return { principal, grant, budget };
  }

  /** Spawns an agent of the active definition of a name. */
  spawn(changes: Partial<Draft> = {}, by: By = root): Spawned {
    const definition = this.state.lookup.definition("worker")?.id;
    const draft = {
      type: "agent.spawn",
      name: "worker",
      definition,
      parent: null,
      session: null,
      permissions: [
        ...["fs.read:/w/**", "net.connect:*", "tool.call:*", "agent.spawn:*"],
        ...["agent.message:*", "topic.publish:*", "topic.subscribe:*"],
      ],
      expiresAtMs: null,
      allotment: { tokens: 100, cpuMs: 100, wallMs: 100, toolCalls: 5 },
      budget: genesisIds.rootBudget,
      ...changes,
    };
    const { agent, principal, grant, budget } = one(this.must(draft, by), "agent.spawned");
    return { agent, principal, grant, budget };
  }

  /** Schedules a task of an agent, as that agent. */
  schedule(spawned: Spawned, key: string): TaskId {
    const draft = { type: "task.schedule", agent: spawned.agent, key, description: someContent, priority: "low" };
    return one(this.must(draft, spawned), "task.scheduled").task;
  }

  /** Schedules and starts a task of an agent, as that agent. */
  start(spawned: Spawned, key: string): TaskId {
    const task = this.schedule(spawned, key);
    this.must({ type: "task.start", task, inputs: [] }, spawned);
    return task;
  }

  /** Requests an effect, as an agent. */
  request(spawned: Spawned, changes: Partial<Draft> = {}): EffectId {
    return one(this.must(requestOf(spawned, changes), spawned), "effect.requested").effect;
  }

  /** Requests an effect that waits for an approval, as an agent. */
  awaited(spawned: Spawned, changes: Partial<Draft> = {}): EffectId {
    const request = requestOf(spawned, { tool: "admin", ...changes });
    return one(this.must(request, spawned), "approval.requested").effect;
  }

  /** Settles an effect, as the host. */
  settle(effect: EffectId, changes: Partial<Draft> = {}): readonly KernelEvent[] {
    return this.must({ ...settlementOf(effect), ...changes }, host);
  }

  /** Starts a session with two agents, of which second depends on first. */
  session(plan: Partial<Draft> = {}): SessionId {
    return one(this.must(sessionOf(plan)), "session.started").session;
  }

  /** Starts a run of an agent. */
  run({ agent }: Spawned): RunId {
    return one(this.must({ type: "run.start", agent }), "run.started").run;
  }
}

/** A request for an effect of the tool `reader`, outside any task. */
export function requestOf(spawned: Spawned, changes: Partial<Draft> = {}): Draft {
  return {
    type: "effect.request",
    kind: "tool",
    label: "a look",
    agent: spawned.agent,
    task: null,
    step: null,
    tool: "reader",
    arguments: someContent,
    claims: ["fs.read:/w/a"],
    reserve: { cpuMs: 10 },
    budget: spawned.budget,
    timeoutMs: 1_000,
    inputs: [],
    ...changes,
  };
}

/** A settlement that says all went well. */
export function settlementOf(effect: EffectId): Draft {
  return {
    type: "effect.settle",
    effect,
    outcome: "succeeded",
    code: null,
    result: someContent,
    usage: { cpuMs: 4 },
    changes: null,
    changed: 0,
  };
}

/** An answer about the effect of `requestOf`. */
export function answerOf(effect: EffectId, changes: Partial<Draft> = {}): Draft {
  const binding = { program: someDigest, arguments: someDigest, claims: ["fs.read:/w/a"] };
  return { type: "approval.answer", effect, answer: "allow", binding, reason: "it is fine", ...changes };
}

/** A session of the agents first and second. */
export function sessionOf(plan: Partial<Draft> = {}): Draft {
  return {
    type: "session.start",
    name: "crew",
    plan: {
      agents: [
        { name: "first", dependsOn: [] },
        { name: "second", dependsOn: ["first"] },
      ],
      concurrencyMax: 2,
      onFailure: "suspend-dependents",
      restartsMax: 0,
      ...plan,
    },
    crew: someContent,
    workspace: "/w",
    output: "/out",
  };
}

/** The one event of a type. */
export function one<Type extends KernelEvent["type"]>(
  events: readonly KernelEvent[],
  type: Type,
): Extract<KernelEvent, { type: Type }> {
  const found = events.filter((event) => event.type === type);
  if (found.length !== 1) throw new Error(`Cannot find one ${type}: found ${found.length}`);
  return found[0] as Extract<KernelEvent, { type: Type }>;
}

/** A decision as it stands in an entry. */
export function outcomeOf(decision: Decision): Outcome {
  if ("refused" in decision) return { refusal: decision.refused };
  const { accepted: events, counts } = decision;
  return counts === undefined ? { events } : { events, counts };
}
