/** `agent.transition`: moves an agent along a declared transition of its lifecycle, if the transition's condition holds. */
import { oneOf, record } from "../codec/shape.ts";
import { id, inputs, key } from "../codec/shapes.ts";
import type { Input } from "../content.ts";
import { accept, controlled, type OperationKind, refuse } from "../decision.ts";
import type { AgentId } from "../ids.ts";
import { evaluate } from "../predicate/evaluate.ts";
import { factsOf } from "../predicate/facts.ts";

/** Moves an agent to another declared state. */
export interface AgentTransition {
  readonly type: "agent.transition";
  readonly agent: AgentId;
  readonly to: string;
  /** Attested values for the condition. */
  readonly inputs: readonly Input[];
}

/** How it is read and decided. */
export const agentTransition: OperationKind<AgentTransition> = {
  shape: record<AgentTransition>({ type: oneOf("agent.transition"), agent: id("agent"), to: key, inputs }),
  decide: (state, { agent: id, to, inputs: given }, moment) => {
    const asked = controlled(state, { moment, agent: id });
    if ("refused" in asked) return asked;
    const { agent } = asked;
    const from = agent.lifecycle;
    const ways = state.definitions.get(agent.definition)?.part.lifecycle.transitions ?? [];
    const way = ways.find((one) => one.from === from && one.to === to);
    if (way === undefined) return refuse({ code: "transition_not_declared", from, to });
    if (way.when !== undefined) {
      const { holds, error } = evaluate(way.when, factsOf(agent, { state, task: null, inputs: given }));
      if (!holds) return refuse({ code: "condition_not_met", error });
    }
    return accept({ type: "agent.transitioned", schema: 1, agent: id, from, to });
  },
};
