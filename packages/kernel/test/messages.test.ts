/** Messages and topics: who gets what, in which order, how often, and what ends it. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  fixedLimits,
  type Entry,
  type GrantId,
  type KernelState,
  type MessageId,
  type PrincipalId,
} from "../src/index.ts";
import { furnished, inhabited } from "./furnished.ts";
import { draw, type Drawn } from "./generate.ts";
import { Choices } from "./generate/setting.ts";
import { makeMessage, makeTopic } from "./generate/message.ts";
import { one, root, someContent, type By, type Draft, type Spawned, type World } from "./world.ts";

function send(to: Spawned | string, content = someContent): Draft {
  const [agent, topic] = typeof to === "string" ? [null, to] : [to.agent, null];
  return { type: "message.send", agent, topic, content };
}

function mailbox(world: World, { principal }: By): readonly MessageId[] {
  return world.state.lookup.messagesTo(principal).map(({ id }) => id);
}

describe("a message", () => {
  test("waits for its recipient in the order of sending until it is acknowledged", () => {
    const { world, worker } = inhabited();
    const sent = [1, 2, 3].map((size) => {
      const content = { ...someContent, size };
      return one(world.must(send(worker, content)), "message.sent").deliveries[0]?.message;
    });
    expect(mailbox(world, worker)).toEqual(sent);
    world.must({ type: "message.acknowledge", message: sent[1] }, worker);
    expect(mailbox(world, worker)).toEqual([sent[0], sent[2]]);
    const [first] = world.state.lookup.messagesTo(worker.principal);
    expect(first).toMatchObject({ from: root.principal, sender: "root", topic: null, content: { size: 1 } });
  });

  test("to a topic reaches all who subscribed but the sender, each for himself", () => {
    const { world, worker } = inhabited();
    const [reader, outsider] = [world.spawn(), world.spawn()];
    for (const by of [worker, reader, root]) world.must({ type: "topic.subscribe", topic: "news" }, by);
    world.must({ type: "topic.subscribe", topic: "other" }, outsider);
    world.must(send("news"), worker);
    expect([worker, reader, root, outsider].map((by) => mailbox(world, by).length)).toEqual([0, 1, 1, 0]);
    world.must({ type: "message.acknowledge", message: mailbox(world, reader)[0] }, reader);
    expect(mailbox(world, root)).toHaveLength(1);
  });

  test("goes with its recipient, and outlives its sender", () => {
    const { world, worker } = inhabited();
    const writer = world.spawn();
    world.must(send(worker), writer);
    world.must(send(writer), worker);
    world.must({ type: "agent.terminate", agent: writer.agent, reason: "killed", exitCode: 0 });
    expect([...world.state.messages.values()].map(({ to }) => to)).toEqual([worker.principal]);
    expect(mailbox(world, worker)).toHaveLength(1);
  });

  test("to a topic passes by those for whom too much waits, and is counted for them", () => {
    const { world, worker } = inhabited({ limits: { signalsPerMinuteMax: 10_000 } });
    const reader = world.spawn();
    for (const by of [worker, reader]) world.must({ type: "topic.subscribe", topic: "news" }, by);
    for (let count = 0; count < fixedLimits.openMessagesMax; count += 1) world.must(send(worker));
    const events = world.must(send("news"));
    expect(one(events, "message.sent").deliveries.map(({ to }) => to)).toEqual([reader.principal]);
    expect(world.state.lookup.subscriptionsOf(worker.principal)[0]?.missed).toBe(1);
    expect(world.state.lookup.subscriptionsOf(reader.principal)[0]?.missed).toBe(0);
  });
});

describe("a subscription", () => {
  test("ends with the grant that it was made under, also when that expires", () => {
    const { world } = inhabited();
    const expiresAtMs = world.timeMs + 1_000;
    const [ann, ben] = [
      world.person("ann", ["topic.subscribe:news"]),
      world.person("ben", ["topic.subscribe:*"], { expiresAtMs }),
    ];
    for (const by of [ann, ben]) world.must({ type: "topic.subscribe", topic: "news" }, by);
    world.must({ type: "grant.revoke", grant: ann.grant });
    world.must(send("news"));
    expect([mailbox(world, ann).length, mailbox(world, ben).length]).toEqual([0, 1]);
    world.timeMs = expiresAtMs;
    world.must(send("news"));
    expect(mailbox(world, ben)).toHaveLength(1);
  });

  test("whose grant expired takes no room from those who subscribe to a full topic, and goes", () => {
    const { world } = inhabited();
    const expiresAtMs = world.timeMs + 1_000;
    const join = (name: string, until: number | null): { readonly principal: PrincipalId; readonly grant: GrantId } => {
      const known = world.must({ type: "principal.register", name, kind: "person" });
      const { principal } = one(known, "principal.registered");
      const rest = { type: "grant.issue", permissions: ["topic.subscribe:news"], expiresAtMs: until, depthMax: 0 };
      const { grant } = one(world.must({ ...rest, holder: principal }), "grant.issued");
      return { principal, grant };
    };
    const crowd = Array.from({ length: fixedLimits.subscribersMax }, (_, count) =>
      join(`one-${count}`, count === 0 ? null : expiresAtMs),
    );
    for (const by of crowd) world.must({ type: "topic.subscribe", topic: "news" }, by);
    const late = join("late", null);
    const refusal = { code: "limit_reached", limit: "subscribersMax", max: fixedLimits.subscribersMax };
    expect(world.decideOutcome({ type: "topic.subscribe", topic: "news" }, late)).toEqual({ refusal });
    world.timeMs = expiresAtMs;
    world.must({ type: "topic.subscribe", topic: "news" }, late);
    const left = [...world.state.subscriptions.values()].map(({ subscriber }) => subscriber);
    expect(left).toEqual([crowd[0]?.principal, late.principal]);
  });

  test("whose grant expired is replaced when its holder subscribes again", () => {
    const { world } = inhabited();
    const ann = world.person("ann", ["topic.subscribe:news"], { expiresAtMs: world.timeMs + 1_000 });
    world.must({ type: "topic.subscribe", topic: "news" }, ann);
    world.timeMs += 1_000;
    const rest = { type: "grant.issue", holder: ann.principal, expiresAtMs: null, depthMax: 0 };
    const { grant } = one(world.must({ ...rest, permissions: ["topic.subscribe:*"] }), "grant.issued");
    world.must({ type: "topic.subscribe", topic: "news" }, { ...ann, grant });
    expect(world.state.lookup.subscriptionsOf(ann.principal)).toMatchObject([{ grant }]);
  });
});

describe("speaking", () => {
  test("is bounded a minute, for each on its own", () => {
    const { world, worker } = inhabited({ limits: { signalsPerMinuteMax: 2 } });
    world.timeMs += 60_000 - (world.timeMs % 60_000);
    for (let count = 0; count < 2; count += 1) world.must(send("news"), worker);
    expect(world.ask(send("news"), worker)).toMatchObject({ refusal: { limit: "signalsPerMinuteMax", max: 2 } });
    world.must(send("news"));
    world.timeMs += 60_000;
    world.must(send("news"), worker);
  });
});

const sequences = fc.array(fc.array(fc.nat({ max: 1_000_000 }), { minLength: 16, maxLength: 16 }), {
  minLength: 100,
  maxLength: 160,
  size: "max",
});

/** Mostly messages and topics, and sometimes anything else. */
function drawTalk(state: KernelState, choices: Choices): Drawn | undefined {
  if (choices.chance(30)) return draw(state, choices);
  const type = choices.of(["message.send", "message.send", "message.acknowledge", "topic.subscribe"]) ?? "";
  const kind = choices.chance(10) ? "topic.unsubscribe" : type;
  const verb = kind.slice(kind.indexOf(".") + 1);
  const made = kind.startsWith("message") ? makeMessage({ state, choices }, verb) : makeTopic({ state, choices }, verb);
  return made && { draft: { ...made.draft, type: kind }, by: made.by ?? root, passMs: choices.below(2_000) };
}

interface Talk {
  readonly delivered: Map<MessageId, PrincipalId>;
  readonly acknowledged: Set<MessageId>;
  /** Grants of subscriptions by topic and subscriber, as the entries say: nothing is asked of the kernel's tables. */
  readonly subscribed: Map<string, string>;
  /** Principals of agents, as the entries say. */
  readonly principals: Map<string, PrincipalId>;
  readonly wrong: string[];
}

/** Holds one entry to the laws; `before` is the state that it was decided on. */
function check(talk: Talk, entry: Entry, before: ReadonlyMap<string, number | null>): void {
  const { stamp, outcome } = entry;
  const plain = entry.operation.type === "batch" ? entry.operation.operations : [entry.operation];
  if (!("events" in outcome)) return;
  for (const event of outcome.events) {
    if (event.type === "agent.spawned") talk.principals.set(event.agent, event.principal);
    if (event.type === "timer.fired" && event.message !== null) {
      const to = talk.principals.get(event.agent);
      if (to === undefined) talk.wrong.push(`${event.message} is for nobody`);
      else talk.delivered.set(event.message, to);
    }
    if (event.type === "topic.subscribed")
      talk.subscribed.set(`${event.topic} ${stamp.principal}`, stamp.grant ?? "none");
    if (event.type === "topic.unsubscribed") talk.subscribed.delete(`${event.topic} ${stamp.principal}`);
    if (event.type === "message.acknowledged") {
      if (talk.delivered.get(event.message) !== stamp.principal) talk.wrong.push(`${event.message} is another's`);
      if (talk.acknowledged.has(event.message)) talk.wrong.push(`${event.message} again`);
      talk.acknowledged.add(event.message);
    }
    if (event.type !== "message.sent") continue;
    for (const { message, to } of event.deliveries) {
      if (talk.delivered.has(message)) talk.wrong.push(`${message} is delivered twice`);
      talk.delivered.set(message, to);
      if (event.topic === null) continue;
      const grant = talk.subscribed.get(`${event.topic} ${to}`);
      const until = grant === undefined ? undefined : before.get(grant);
      if (plain.length > 1 && until === undefined) continue;
      if (until === undefined || (until !== null && until <= stamp.timeMs))
        talk.wrong.push(`${to} gets ${event.topic}`);
    }
  }
}

describe("after any talk", () => {
  test("nobody got what was not for him, nothing was acknowledged twice, and what waits is what was not", () => {
    let acknowledged = 0;
    let delivered = 0;
    const property = fc.property(sequences, (numbers) => {
      const world = furnished();
      for (let agents = 0; agents < 3; agents += 1) world.spawn();
      const principals = new Map([...world.state.agents.values()].map(({ id, principal }) => [id, principal]));
      const subscribed = new Map<string, string>();
      const talk: Talk = { delivered: new Map(), acknowledged: new Set(), subscribed, principals, wrong: [] };
      for (const choices of numbers) {
        const drawn = drawTalk(world.state, new Choices(choices));
        if (drawn === undefined) continue;
        const before = new Map([...world.state.grants.values()].map(({ id, expiresAtMs }) => [id, expiresAtMs]));
        world.timeMs += drawn.passMs;
        const held = world.entries.length;
        world.ask(drawn.draft, drawn.by);
        const entry = world.entries[held];
        if (entry !== undefined) check(talk, entry, before);
        const waiting = [...talk.delivered].filter(
          ([message, to]) => !talk.acknowledged.has(message) && world.state.principals.has(to),
        );
        expect([...world.state.messages.keys()].toSorted()).toEqual(waiting.map(([message]) => message).toSorted());
      }
      expect(talk.wrong).toEqual([]);
      delivered += talk.delivered.size;
      acknowledged += talk.acknowledged.size;
    });
    fc.assert(property, { seed: 20_261_125, numRuns: 25 });
    // The law is empty where nothing is said.
    expect(delivered).toBeGreaterThan(500);
    expect(acknowledged).toBeGreaterThan(100);
  });
});
