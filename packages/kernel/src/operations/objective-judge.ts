/** `objective.judge`: somebody else records whether an agent met a declared objective, with evidence. */
import { flag, list, oneOf, record } from "../codec/shape.ts";
import { content, id, inputs, key, shortText } from "../codec/shapes.ts";
import type { Content, Input } from "../content.ts";
import { accept, controlled, type Moment, type OperationKind, refuse } from "../decision.ts";
import { judgeMethod } from "../definition-shape.ts";
import type { JudgeMethod } from "../definition.ts";
import type { AgentId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import { evaluate } from "../predicate/evaluate.ts";
import { factsOf } from "../predicate/facts.ts";
import type { LiveState } from "../state/live-state.ts";

/** Judges an objective of a live agent. */
export interface ObjectiveJudge {
  readonly type: "objective.judge";
  readonly agent: AgentId;
  /** Key of the objective in the agent's definition. */
  readonly objective: string;
  readonly met: boolean;
  readonly method: JudgeMethod;
  readonly evidence: readonly Evidence[];
  /** Attested values for the objective's predicate. */
  readonly inputs: readonly Input[];
}

/** Something that shows what was judged. */
export interface Evidence {
  readonly label: string;
  readonly content: Content;
}

/** How it is read and decided. */
export const objectiveJudge: OperationKind<ObjectiveJudge> = {
  shape: record<ObjectiveJudge>({
    type: oneOf("objective.judge"),
    agent: id("agent"),
    objective: key,
    met: flag,
    method: judgeMethod,
    evidence: list(record<Evidence>({ label: shortText, content }), { max: fixedLimits.evidenceMax }),
    inputs,
  }),
  decide: (state, operation, moment) => {
    const { agent: id, objective, met, method } = operation;
    const agent = state.agents.get(id);
    if (agent === undefined) return refuse({ code: "agent_unknown", agent: id });
    if (isSubject(state, { agent: id, moment })) return refuse({ code: "judge_is_subject", agent: id });
    const asked = controlled(state, { moment, agent: id });
    if ("refused" in asked) return asked;
    const objectives = state.definitions.get(agent.definition)?.part.objectives ?? [];
    const declared = objectives.find((one) => one.key === objective);
    if (declared === undefined) return refuse({ code: "objective_not_declared", objective });
    if (declared.method !== method) return refuse({ code: "method_not_declared", declared: declared.method });
    if (declared.predicate !== undefined) {
      const facts = factsOf(agent, { state, task: null, inputs: operation.inputs });
      const { holds, error } = evaluate(declared.predicate, facts);
      if (holds !== met) return refuse({ code: "verdict_contradicts_predicate", holds, error });
    }
    const decided = declared.predicate !== undefined;
    return accept({ type: "objective.judged", schema: 1, agent: id, objective, met, decided });
  },
};

// The agent itself, or one that it spawned, or one that such a one spawned.
function isSubject(state: LiveState, { agent, moment }: { agent: AgentId; moment: Moment }): boolean {
  let judge = state.principals.get(moment.stamp.principal)?.agent ?? null;
  while (judge !== null) {
    if (judge === agent) return true;
    judge = state.agents.get(judge)?.parent ?? null;
  }
  return false;
}
