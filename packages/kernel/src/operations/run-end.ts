/** `run.end`: a run is over. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, controlled, type OperationKind, refuse } from "../decision.ts";
import type { RunId } from "../ids.ts";
import type { EndOutcome } from "../reasons.ts";

/** Ends a run. */
export interface RunEnd {
  readonly type: "run.end";
  readonly run: RunId;
  readonly outcome: EndOutcome;
}

/** How it is read and decided. */
export const runEnd: OperationKind<RunEnd> = {
  shape: record<RunEnd>({ type: oneOf("run.end"), run: id("run"), outcome: oneOf("completed", "failed", "cancelled") }),
  decide: (state, { run: id, outcome }, moment) => {
    const run = state.runs.get(id);
    if (run === undefined) return refuse({ code: "run_unknown", run: id });
    const asked = controlled(state, { moment, agent: run.agent });
    if ("refused" in asked) return asked;
    return accept({ type: "run.ended", schema: 1, run: id, agent: run.agent, outcome });
  },
};
