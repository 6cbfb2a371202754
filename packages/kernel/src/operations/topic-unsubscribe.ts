/** `topic.unsubscribe`: the asker gets no more of a topic; what waits already stays. */
import { oneOf, record } from "../codec/shape.ts";
import { name } from "../codec/shapes.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";

/** Ends the asker's subscription to a topic. */
export interface TopicUnsubscribe {
  readonly type: "topic.unsubscribe";
  readonly topic: string;
}

/** How it is read and decided. */
export const topicUnsubscribe: OperationKind<TopicUnsubscribe> = {
  shape: record<TopicUnsubscribe>({ type: oneOf("topic.unsubscribe"), topic: name }),
  decide: (state, { topic }, { stamp }) => {
    const row = state.lookup.subscriptionsOf(stamp.principal).find((one) => one.topic === topic);
    if (row === undefined) return refuse({ code: "not_subscribed", topic });
    const agent = state.principals.get(stamp.principal)?.agent ?? null;
    return accept({ type: "topic.unsubscribed", schema: 1, subscription: row.id, topic, agent });
  },
};
