/** What a session does next: a pure function of where its agents stand in the log. */
import type { Session, SessionAgent } from "@toka/kernel";
import type { CrewDefinition } from "../crew/crew-definition.ts";

/** One thing to do, or nothing until an agent ends. */
export type SessionStep =
  | { readonly type: "advance"; readonly wave: number }
  | { readonly type: "spawn"; readonly name: string }
  /** Policy stop: the agents that still live are ended. */
  | { readonly type: "terminate"; readonly names: readonly string[] }
  | { readonly type: "wait" }
  | { readonly type: "end"; readonly outcome: "completed" | "failed" };

/** What a session's next step depends on beside the session itself. */
export interface SessionPlace {
  readonly crew: CrewDefinition;
  /**
   * Agents whose last life did all its tasks and missed an objective. Their work would come out the same again, so they
   * are not restarted.
   */
  readonly unmet: ReadonlySet<string>;
}

/**
 * Decides what a session does next.
 *
 * Agents are spawned as soon as those they wait for are over, in the order of their waves and priorities, and never more
 * than `concurrencyMax` at once. A wave begins when the first agent of it can.
 * @returns one step
 */
export function nextSessionStep(session: Session, { crew, unmet }: SessionPlace): SessionStep {
  const byName = new Map(session.agents.map((agent) => [agent.name, agent]));
  const order = crew.waves.flat().flatMap((name) => byName.get(name) ?? []);
  const live = order.filter((agent) => agent.state === "live");
  const failed = order.some((agent) => agent.state === "failed" && !canRestart(agent, { session, unmet }));
  if (session.onFailure === "stop" && failed) {
    if (live.length > 0) return { type: "terminate", names: live.map((agent) => agent.name) };
    return { type: "end", outcome: "failed" };
  }
  const ready = order.find((agent) => isReady(agent, { session, crew, unmet, byName }));
  if (ready !== undefined && live.length < session.concurrencyMax) {
    const wave = crew.waves.findIndex((names) => names.includes(ready.name)) + 1;
    return wave > session.wave ? { type: "advance", wave: session.wave + 1 } : { type: "spawn", name: ready.name };
  }
  if (live.length > 0) return { type: "wait" };
  return { type: "end", outcome: order.every((agent) => agent.state === "completed") ? "completed" : "failed" };
}

interface Place extends SessionPlace {
  readonly session: Session;
  readonly byName: ReadonlyMap<string, SessionAgent>;
}

function isReady(agent: SessionAgent, { session, crew, unmet, byName }: Place): boolean {
  if (agent.state !== "waiting" && !canRestart(agent, { session, unmet })) return false;
  const definition = crew.agents.find((known) => known.name === agent.name);
  return (definition?.dependencies ?? []).every(({ name, required }) => {
    const other = byName.get(name);
    if (other === undefined) return !required;
    if (other.state === "completed") return true;
    if (required && session.onFailure !== "continue") return false;
    return isOver(other, { session, unmet, byName });
  });
}

// Over means: it will not run again. One that waits for something that did not end well will never run either.
function isOver(agent: SessionAgent, { session, unmet, byName }: Omit<Place, "crew">): boolean {
  if (agent.state === "completed" || agent.state === "skipped") return true;
  if (agent.state === "failed") return !canRestart(agent, { session, unmet });
  if (agent.state === "live" || session.onFailure === "continue") return false;
  return agent.dependsOn.some((name) => {
    const other = byName.get(name);
    return other !== undefined && other.state !== "completed" && isOver(other, { session, unmet, byName });
  });
}

function canRestart(agent: SessionAgent, { session, unmet }: Pick<Place, "session" | "unmet">): boolean {
  return agent.state === "failed" && agent.restarts < session.restartsMax && !unmet.has(agent.name);
}
