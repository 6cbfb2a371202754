/** `run.end`: a run is over. */
import type { RunId } from "../ids.ts";

/** Ends a run. */
export interface RunEnd {
  readonly type: "run.end";
  readonly run: RunId;
  readonly outcome: "completed" | "failed" | "cancelled";
}
