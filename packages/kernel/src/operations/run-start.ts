/** `run.start`: an agent begins a run. */
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, controlled, type OperationKind, refuse } from "../decision.ts";
import type { AgentId } from "../ids.ts";

/** Starts the one run of an agent. */
export interface RunStart {
  readonly type: "run.start";
  readonly agent: AgentId;
}

/** How it is read and decided. */
export const runStart: OperationKind<RunStart> = {
  shape: record<RunStart>({ type: oneOf("run.start"), agent: id("agent") }),
  starts: true,
  decide: (state, { agent }, moment) => {
    const asked = controlled(state, { moment, agent });
    if ("refused" in asked) return asked;
    if (asked.agent.state === "suspended") return refuse({ code: "agent_suspended", agent });
    if (asked.agent.run !== null) return refuse({ code: "run_in_progress", run: asked.agent.run });
    return accept({ type: "run.started", schema: 1, run: moment.fresh("run"), agent });
  },
};
