/** `message.acknowledge`: a recipient is done with a message, which then no longer waits. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { MessageId } from "../ids.ts";

/** Acknowledges a message; nobody but its recipient can. */
export interface MessageAcknowledge {
  readonly type: "message.acknowledge";
  readonly message: MessageId;
}

/** How it is read and decided. */
export const messageAcknowledge: OperationKind<MessageAcknowledge> = {
  shape: record<MessageAcknowledge>({ type: oneOf("message.acknowledge"), message: id("message") }),
  decide: (state, { message }, { stamp }) => {
    // One answer for what never was, is acknowledged, or is another's.
    if (state.messages.get(message)?.to !== stamp.principal) return refuse({ code: "message_unknown", message });
    const agent = state.principals.get(stamp.principal)?.agent ?? null;
    return accept({ type: "message.acknowledged", schema: 1, message, agent });
  },
};
