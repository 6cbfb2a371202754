/**
 * `message.send`: somebody says something to an agent, or to all who subscribed to a topic. It waits until it is acknowledged.
 *
 * An agent that does not live and one that the asker may not speak to give one answer, so that nobody can probe for agents.
 * Subscribers for whom too much waits already do not get a topic's message: the others do, and theirs are counted.
 */
import { isInForce } from "../authority/authorises.ts";
import { isCovered } from "../authority/covers.ts";
import { checked, nullable, oneOf, record } from "../codec/shape.ts";
import { contentUpTo, id, name } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import {
  accept,
  type Answer,
  denied,
  grantAsked,
  type Moment,
  openVault,
  type OperationKind,
  refuse,
} from "../decision.ts";
import type { AgentId, PrincipalId, SubscriptionId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { PlainRefusal } from "../refusal.ts";
import { saidEnough } from "../signals.ts";
import type { Subscription } from "../state/entities.ts";
import type { LiveState } from "../state/live-state.ts";

/** Sends a message to an agent or to a topic. */
export interface MessageSend {
  readonly type: "message.send";
  /** The recipient; null for a topic. Needs `agent.message` of its name. */
  readonly agent: AgentId | null;
  /** Null for an agent. Needs `topic.publish` of its name. */
  readonly topic: string | null;
  readonly content: Content;
}

/** How it is read and decided. */
export const messageSend: OperationKind<MessageSend> = {
  shape: checked(
    record<MessageSend>({
      type: oneOf("message.send"),
      agent: nullable(id("agent")),
      topic: nullable(name),
      content: contentUpTo(fixedLimits.messageBytesMax),
    }),
    ({ agent, topic }) =>
      (agent === null) === (topic === null) ? { path: "topic", wanted: "an agent or a topic, one of them" } : undefined,
  ),
  decide: (state, { agent, topic, content }, moment) => {
    const self = state.principals.get(moment.stamp.principal)?.agent ?? null;
    if (self !== null && state.agents.get(self)?.state === "suspended") {
      return refuse({ code: "agent_suspended", agent: self });
    }
    if (agent !== null) return toAgent(state, { agent, moment, bytes: content.size });
    return toTopic(state, { topic: topic ?? "", moment, bytes: content.size });
  },
};

interface Sending {
  readonly moment: Moment;
  readonly bytes: number;
}

function toAgent(state: LiveState, { agent, ...sending }: Sending & { readonly agent: AgentId }): Answer {
  const { moment } = sending;
  const recipient = state.agents.get(agent);
  const held = grantAsked(state, moment).permissions;
  if (recipient === undefined || !isCovered(held, `agent.message:${recipient.name}`)) {
    return refuse({ code: "recipient_not_reachable", agent });
  }
  const to = recipient.principal;
  const max = fixedLimits.openMessagesMax;
  if (isFull(state, to)) return refuse({ code: "limit_reached", limit: "openMessagesMax", max });
  const no = crowded(state, { more: 1, ...sending });
  if (no !== undefined) return refuse(no);
  const deliveries = [{ message: moment.fresh("message"), to }];
  return accept({ type: "message.sent", schema: 1, agent, topic: null, deliveries, missed: [] });
}

function toTopic(state: LiveState, { topic, ...sending }: Sending & { readonly topic: string }): Answer {
  const { moment } = sending;
  const no = denied(state, { moment, permission: `topic.publish:${topic}` });
  if (no !== undefined) return refuse(no);
  const recipients: PrincipalId[] = [];
  const missed: SubscriptionId[] = [];
  for (const subscription of state.index.subscriptionsTo.idsOf(topic)) {
    const row = state.subscriptions.get(subscription);
    if (row === undefined || !receives(state, { row, moment })) continue;
    if (isFull(state, row.subscriber)) missed.push(subscription);
    else recipients.push(row.subscriber);
  }
  const over = crowded(state, { more: recipients.length, ...sending });
  if (over !== undefined) return refuse(over);
  const deliveries = recipients.map((to) => ({ message: moment.fresh("message"), to }));
  return accept({ type: "message.sent", schema: 1, agent: null, topic, deliveries, missed });
}

// Nobody hears himself, and an expired grant gives nothing more.
function receives(state: LiveState, { row, moment }: { row: Subscription; moment: Moment }): boolean {
  if (row.subscriber === moment.stamp.principal) return false;
  const grant = state.grants.get(row.grant);
  return grant !== undefined && isInForce(grant, moment.timeMs);
}

function isFull(state: LiveState, recipient: PrincipalId): boolean {
  return state.index.messagesTo.count(recipient) >= fixedLimits.openMessagesMax;
}

function crowded(
  state: LiveState,
  { more, moment, bytes }: Sending & { readonly more: number },
): PlainRefusal | undefined {
  const max = openVault(state).limits.messagesMax;
  if (state.messages.size + more > max) return { code: "limit_reached", limit: "messagesMax", max };
  return saidEnough(state, { ...moment, bytes });
}
