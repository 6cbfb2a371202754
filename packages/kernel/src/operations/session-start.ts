/** `session.start`: begins an orchestration of several agents from a plan. */
import { checked, integer, list, oneOf, record } from "../codec/shape.ts";
import { content, name, path, uniqueBy } from "../codec/shapes.ts";
import type { Content } from "../content.ts";
import { accept, denied, full, type OperationKind, refuse } from "../decision.ts";
import { firstCircle } from "../definition-shape.ts";
import { fixedLimits } from "../limits.ts";
import type { FailurePolicy } from "../state/entities.ts";

/** Starts a session. */
export interface SessionStart {
  readonly type: "session.start";
  readonly name: string;
  readonly plan: SessionPlan;
  /** The crew folder that it was read from. */
  readonly crew: Content;
  /** The folder that the agents look at. */
  readonly workspace: string;
  /** The folder that the deliverables go to. */
  readonly output: string;
}

/** Which agents a session has, and how they go on together. */
export interface SessionPlan {
  readonly agents: readonly { readonly name: string; readonly dependsOn: readonly string[] }[];
  /** Agents live at once. */
  readonly concurrencyMax: number;
  readonly onFailure: FailurePolicy;
  /** How often each agent may be spawned again after it failed. */
  readonly restartsMax: number;
}

/** How it is read and decided. */
export const sessionStart: OperationKind<SessionStart> = {
  shape: record<SessionStart>({
    type: oneOf("session.start"),
    name,
    plan: checked(
      record<SessionPlan>({
        agents: uniqueBy(
          list(
            record<SessionPlan["agents"][number]>({
              name,
              dependsOn: list(name, { max: fixedLimits.planAgentsMax }),
            }),
            { min: 1, max: fixedLimits.planAgentsMax },
          ),
          (agent) => agent.name,
        ),
        concurrencyMax: integer(1, fixedLimits.planAgentsMax),
        onFailure: oneOf("continue", "suspend-dependents", "stop"),
        restartsMax: integer(0, fixedLimits.restartsMax),
      }),
      planAmiss,
    ),
    crew: content,
    workspace: path,
    output: path,
  }),
  decide: (state, operation, moment) => {
    const no = denied(state, { moment, permission: `session.run:${operation.name}` });
    if (no !== undefined) return refuse(no);
    const over = full("sessionsMax", { state, count: state.sessions.size });
    if (over !== undefined) return refuse(over);
    const session = moment.fresh("session");
    return accept({ type: "session.started", schema: 1, session, name: operation.name });
  },
};

function planAmiss({ agents }: SessionPlan): { readonly path: string; readonly wanted: string } | undefined {
  const waiting = new Map(agents.map((agent) => [agent.name, agent.dependsOn]));
  for (const [index, { dependsOn }] of agents.entries()) {
    const missing = dependsOn.findIndex((before) => !waiting.has(before));
    if (missing >= 0) return { path: `agents[${index}].dependsOn[${missing}]`, wanted: "an agent of the plan" };
  }
  const circle = firstCircle(waiting);
  return circle === undefined
    ? undefined
    : { path: "agents", wanted: `a plan in which ${circle} does not wait for itself` };
}
