/** Refusals of messages and topics. */
import { fixedLimits } from "../../src/index.ts";
import { inhabited } from "../furnished.ts";
import { one, root, someContent, type Draft, type World } from "../world.ts";
import { fields, noRoomFor, stranger, type Row, type Scene, type Table } from "./table.ts";

const suspended: Row = {
  code: "agent_suspended",
  breaks: ({ world, by }) => {
    const agent = world.state.principals.get(by.principal)?.agent;
    world.must({ type: "agent.suspend", agent, reason: "maintenance" });
  },
};

function toAgent(agent: string): Draft {
  return { type: "message.send", agent, topic: null, content: someContent };
}

function toTopic(topic: string): Draft {
  return { type: "message.send", agent: null, topic, content: someContent };
}

function direct(): Scene {
  const { world, worker } = inhabited();
  return { world, draft: toAgent(world.spawn().agent), by: worker };
}

function published(): Scene {
  const { world, worker } = inhabited();
  world.must({ type: "topic.subscribe", topic: "news" }, world.spawn());
  return { world, draft: toTopic("news"), by: worker };
}

/** The asker has only this from now on. */
function holding(code: Row["code"], permissions: readonly string[]): Row {
  return {
    code,
    breaks: (scene) => {
      const { grant, principal } = scene.by;
      const pass = { type: "grant.delegate", to: principal, parent: grant, permissions, expiresAtMs: null };
      scene.by = { principal, grant: one(scene.world.must(pass, scene.by), "grant.delegated").grant };
    },
  };
}

const mailboxFull: Row = {
  code: "limit_reached",
  breaks: ({ world, draft }) => {
    for (let sent = 0; sent < fixedLimits.openMessagesMax; sent += 1) world.must(draft);
  },
};

const saidEnough = [noRoomFor("signalsPerMinuteMax"), noRoomFor("signalBytesPerMinuteMax")];

// Takes the place of another, where the topic is full.
function subscribe({ world, by }: Scene): void {
  const [other] = world.state.subscriptions.values();
  if (other !== undefined) {
    const { subscriber: principal, grant } = other;
    world.must({ type: "topic.unsubscribe", topic: "news" }, { principal, grant });
  }
  world.must({ type: "topic.subscribe", topic: "news" }, by);
}

function crowd(world: World): void {
  const spread = { definition: world.state.lookup.definition("worker")?.id, allotment: {} };
  for (let count = 0; count < fixedLimits.subscribersMax; count += 1) {
    world.must({ type: "topic.subscribe", topic: "news" }, world.spawn(spread));
  }
}

/** One table for each operation of these areas. */
export const messageTables: readonly Table[] = [
  {
    operation: "message.send",
    when: "it goes to an agent",
    scene: direct,
    rows: [
      suspended,
      fields("recipient_not_reachable", { agent: "agent-900-0" }, [["limit_reached"], "nothing can wait for nobody"]),
      holding("recipient_not_reachable", ["agent.message:other", "topic.publish:*"]),
      mailboxFull,
      noRoomFor("messagesMax"),
      ...saidEnough,
    ],
  },
  {
    operation: "message.send",
    when: "it goes to a topic",
    scene: published,
    rows: [
      suspended,
      holding("permission_denied", ["topic.publish:other", "topic.subscribe:*", "agent.message:*"]),
      noRoomFor("messagesMax"),
      ...saidEnough,
    ],
  },
  {
    operation: "message.acknowledge",
    scene: () => {
      const { world, worker } = inhabited();
      const [delivery] = one(world.must(toAgent(worker.agent)), "message.sent").deliveries;
      return { world, draft: { type: "message.acknowledge", message: delivery?.message }, by: worker };
    },
    rows: [
      fields("message_unknown", { message: "message-900-0" }),
      stranger("message_unknown", ["agent.control:*", "agent.message:*"]),
      {
        code: "message_unknown",
        breaks: (scene) => {
          scene.by = root;
        },
      },
      {
        code: "message_unknown",
        breaks: ({ world, draft }) => {
          const to = [...world.state.messages.values()].find(({ id }) => id === draft["message"])?.to;
          const agent = [...world.state.agents.values()].find(({ principal }) => principal === to);
          if (agent !== undefined) world.ask(draft, agent);
        },
      },
    ],
  },
  {
    operation: "topic.subscribe",
    scene: () => {
      const { world, worker } = inhabited({ limits: { agentsMax: 300 } });
      return { world, draft: { type: "topic.subscribe", topic: "news" }, by: worker };
    },
    rows: [
      holding("permission_denied", ["topic.subscribe:other", "topic.publish:*"]),
      { code: "already_subscribed", breaks: subscribe },
      { code: "limit_reached", breaks: ({ world }) => crowd(world) },
      noRoomFor("subscriptionsMax"),
    ],
  },
  {
    operation: "topic.unsubscribe",
    scene: () => {
      const { world, worker } = inhabited();
      world.must({ type: "topic.subscribe", topic: "news" }, worker);
      return { world, draft: { type: "topic.unsubscribe", topic: "news" }, by: worker };
    },
    rows: [fields("not_subscribed", { topic: "other" }), stranger("not_subscribed", ["topic.subscribe:*"])],
  },
];
