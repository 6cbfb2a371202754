/** Draws messages, topics and what becomes of them. */
import type { Made, Setting } from "./setting.ts";
import { root, otherContent, someContent, type By } from "../world.ts";

const topics = ["news", "alarms"];

/** Anybody who could say something: agents, the operator. */
function speaker({ state, choices }: Setting): By {
  const agent = choices.of(state.agents.values());
  return agent === undefined || choices.chance(25) ? root : { principal: agent.principal, grant: agent.grant };
}

/** Draws an operation on messages. */
export function makeMessage(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "send") {
    const recipient = choices.of(state.agents.values());
    const draft = { agent: null, topic: choices.of(topics), content: choices.chance(70) ? someContent : otherContent };
    if (recipient === undefined || choices.chance(40)) return { draft, by: speaker(setting) };
    return { draft: { ...draft, agent: recipient.id, topic: null }, by: speaker(setting) };
  }
  const message = choices.of(state.messages.values());
  if (message === undefined) return undefined;
  const grant = [...state.grants.values()].find((one) => one.holder === message.to)?.id ?? null;
  return { draft: { message: message.id }, by: { principal: message.to, grant } };
}

/** Draws an operation on topics. */
export function makeTopic(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "subscribe") return { draft: { topic: choices.of(topics) }, by: speaker(setting) };
  const subscription = choices.of(state.subscriptions.values());
  if (subscription === undefined || choices.chance(50)) return undefined;
  const { topic, subscriber: principal, grant } = subscription;
  return { draft: { topic }, by: { principal, grant } };
}
