/** `run.start`: an agent begins a run. */
import type { AgentId } from "../ids.ts";

/** Starts the one run of an agent. */
export interface RunStart {
  readonly type: "run.start";
  readonly agent: AgentId;
}
