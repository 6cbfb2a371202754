/** What events of messages and topics do to the state. */
import type { MessageEvent, MessageSent } from "../events/message.ts";
import { isInForce } from "../authority/authorises.ts";
import { genesisIds } from "../ids.ts";
import type { PrincipalId, SubscriptionId } from "../ids.ts";
import { countSignal } from "../signals.ts";
import type { LiveState } from "../state/live-state.ts";
import { askedFor, rowOf } from "./cause.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of messages or topics. */
export function evolveMessage(state: LiveState, event: MessageEvent, cause: Cause): void {
  switch (event.type) {
    case "message.sent":
      return sent(state, event, cause);
    case "message.acknowledged":
      return state.table.messages.drop(event.message);
    case "topic.subscribed": {
      const { principal: subscriber, grant } = cause.stamp;
      const { subscription: id, topic } = event;
      dropFormer(state, { topic, subscriber, timeMs: cause.timeMs });
      const under = rowOf(state.grants, grant ?? genesisIds.rootGrant).id;
      return state.table.subscriptions.put({ id, topic, subscriber, grant: under, missed: 0 });
    }
    case "topic.unsubscribed":
      return state.table.subscriptions.drop(event.subscription);
  }
}

// What has expired may still stand: the subscriber's own is replaced, and the others of the topic make room.
function dropFormer(
  state: LiveState,
  { topic, subscriber, timeMs }: { topic: string; subscriber: PrincipalId; timeMs: number },
): void {
  for (const id of [...state.index.subscriptionsTo.idsOf(topic)]) {
    const row = rowOf(state.subscriptions, id);
    const grant = rowOf(state.grants, row.grant);
    if (row.subscriber === subscriber || !isInForce(grant, timeMs)) state.table.subscriptions.drop(id);
  }
}

function sent(state: LiveState, { topic, deliveries, missed }: MessageSent, cause: Cause): void {
  const { content } = askedFor(cause, "message.send");
  const { stamp, timeMs } = cause;
  const from = stamp.principal;
  const sender = rowOf(state.principals, from).name;
  for (const { message: id, to } of deliveries) {
    state.table.messages.put({ id, to, from, sender, topic, timer: null, content, sentAtMs: timeMs });
  }
  for (const subscription of missed) countMissed(state, subscription);
  countSignal(state, { ...cause, bytes: content.size });
}

function countMissed(state: LiveState, id: SubscriptionId): void {
  const subscription = rowOf(state.subscriptions, id);
  state.table.subscriptions.replace(subscription, { ...subscription, missed: subscription.missed + 1 });
}
