/** What observations, metrics and alerts do to the state: they are the log's, and only count against their sayer. */
import { countSignal } from "../signals.ts";
import type { LiveState } from "../state/live-state.ts";
import type { Cause } from "./cause.ts";

/** Applies an event of observations, metrics or alerts. */
export function evolveObservation(state: LiveState, cause: Cause): void {
  const { operation } = cause;
  const content = "content" in operation ? operation.content : null;
  countSignal(state, { ...cause, bytes: content?.size ?? 0 });
}
