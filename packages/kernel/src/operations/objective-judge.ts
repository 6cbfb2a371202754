/** `objective.judge`: somebody else records whether an agent met a declared objective, with evidence. */
import type { Content, Input } from "../content.ts";
import type { JudgeMethod } from "../definition.ts";
import type { AgentId } from "../ids.ts";

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
