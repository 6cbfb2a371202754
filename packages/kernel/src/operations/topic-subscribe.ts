/** `topic.subscribe`: the asker gets what is sent to a topic from now on, as long as the grant asked under is in force. */
import { isInForce } from "../authority/authorises.ts";
import { oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, denied, full, type Moment, type OperationKind, refuse } from "../decision.ts";
import { fixedLimits } from "../limits.ts";
import type { LiveState } from "../state/live-state.ts";

/** Subscribes the asker to a topic. */
export interface TopicSubscribe {
  readonly type: "topic.subscribe";
  /** A name. Topics need not be made: one is there as long as somebody listens or speaks. */
  readonly topic: string;
}

/** How it is read and decided. */
export const topicSubscribe: OperationKind<TopicSubscribe> = {
  shape: record<TopicSubscribe>({ type: oneOf("topic.subscribe"), topic: name }),
  decide: (state, { topic }, moment) => {
    const no = denied(state, { moment, permission: `topic.subscribe:${topic}` });
    if (no !== undefined) return refuse(no);
    if (isSubscribed(state, { topic, moment })) return refuse({ code: "already_subscribed", topic });
    const max = fixedLimits.subscribersMax;
    if (isCrowded(state, { topic, moment })) {
      return refuse({ code: "limit_reached", limit: "subscribersMax", max });
    }
    const over = full("subscriptionsMax", { state, count: state.subscriptions.size });
    if (over !== undefined) return refuse(over);
    const agent = state.principals.get(moment.stamp.principal)?.agent ?? null;
    return accept({
      type: "topic.subscribed",
      schema: 1,
      subscription: moment.fresh("subscription"),
      topic,
      agent,
    });
  },
};

// Those whose grant has expired get nothing any more, and go when the next one subscribes.
function isCrowded(state: LiveState, { topic, moment }: { topic: string; moment: Moment }): boolean {
  const max = fixedLimits.subscribersMax;
  if (state.index.subscriptionsTo.count(topic) < max) return false;
  let live = 0;
  for (const id of state.index.subscriptionsTo.idsOf(topic)) {
    const row = state.subscriptions.get(id);
    const grant = row === undefined ? undefined : state.grants.get(row.grant);
    if (grant !== undefined && isInForce(grant, moment.timeMs)) live += 1;
  }
  return live >= max;
}

function isSubscribed(state: LiveState, { topic, moment }: { topic: string; moment: Moment }): boolean {
  return state.lookup.subscriptionsOf(moment.stamp.principal).some((row) => {
    const grant = state.grants.get(row.grant);
    return row.topic === topic && grant !== undefined && isInForce(grant, moment.timeMs);
  });
}
