/** What several operations ask of a session's plan. */
import type { Session, SessionAgent } from "./state/entities.ts";

/**
 * Whether an agent of a session failed and may not be spawned again.
 *
 * @returns true when its restarts are used up
 */
export function failedForGood(session: Session, planned: SessionAgent): boolean {
  return planned.state === "failed" && planned.restarts >= session.restartsMax;
}

/**
 * An agent whose failure stops a session.
 *
 * @returns its row in the plan, or undefined when the policy is another or nobody failed for good
 */
export function stopper(session: Session): SessionAgent | undefined {
  if (session.onFailure !== "stop") return undefined;
  return session.agents.find((planned) => failedForGood(session, planned));
}

/**
 * The agents that wait for what can no longer come: they never run.
 *
 * @returns their names, in the order of the plan
 */
export function hopeless(session: Session): readonly string[] {
  if (session.onFailure === "continue") return [];
  const waiting = session.agents.filter((planned) => planned.state === "waiting");
  if (stopper(session) !== undefined) return waiting.map((planned) => planned.name);
  const lost = new Set<string>();
  for (const planned of session.agents) {
    if (planned.state === "skipped" || failedForGood(session, planned)) lost.add(planned.name);
  }
  // The plan has no circle, so that each round settles at least one more level.
  for (let moved = true; moved;) {
    moved = false;
    for (const planned of waiting) {
      if (lost.has(planned.name) || !planned.dependsOn.some((name) => lost.has(name))) continue;
      lost.add(planned.name);
      moved = true;
    }
  }
  return waiting.map((planned) => planned.name).filter((name) => lost.has(name));
}
