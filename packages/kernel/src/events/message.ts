/** Events of messages and topics. What an event leaves out stands in the operation of the same entry. */
import type { AgentId, MessageId, PrincipalId, SubscriptionId } from "../ids.ts";

/** A message that now waits for one recipient. */
export interface MessageDelivery {
  readonly message: MessageId;
  readonly to: PrincipalId;
}

/** Something was said, to an agent or to a topic. */
export interface MessageSent {
  readonly type: "message.sent";
  readonly schema: 1;
  /** The recipient; null for a topic. */
  readonly agent: AgentId | null;
  /** Null for an agent. */
  readonly topic: string | null;
  /** One for each who gets it, in the order of subscription. */
  readonly deliveries: readonly MessageDelivery[];
  /** Subscribers who do not get it, since too much waits for them already. */
  readonly missed: readonly SubscriptionId[];
}

/** A recipient is done with a message. */
export interface MessageAcknowledged {
  readonly type: "message.acknowledged";
  readonly schema: 1;
  readonly message: MessageId;
  /** The agent that got it; null for people and services. */
  readonly agent: AgentId | null;
}

/** A principal gets from now on what is sent to a topic. */
export interface TopicSubscribed {
  readonly type: "topic.subscribed";
  readonly schema: 1;
  readonly subscription: SubscriptionId;
  readonly topic: string;
  /** The agent that subscribed; null for people and services. */
  readonly agent: AgentId | null;
}

/** A principal gets no more of a topic. */
export interface TopicUnsubscribed {
  readonly type: "topic.unsubscribed";
  readonly schema: 1;
  readonly subscription: SubscriptionId;
  readonly topic: string;
  readonly agent: AgentId | null;
}

/** The events of this area. */
export type MessageEvent = MessageSent | MessageAcknowledged | TopicSubscribed | TopicUnsubscribed;
