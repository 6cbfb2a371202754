/** What every operation is made of: its shape, what holds for it in general, and its decision. */
import type { Permission } from "./authority/permission.ts";
import type { Shape } from "./codec/shape.ts";
import type { KernelEvent } from "./event.ts";
import { fault } from "./failure.ts";
import type { Families } from "./family-port.ts";
import type { AgentId, IdKind, IdsByKind } from "./ids.ts";
import type { KernelLimits } from "./limits.ts";
import type { LimitRefusal, PlainRefusal } from "./refusal.ts";
import type { Stamp } from "./stamp.ts";
import type { Agent, Grant, Vault } from "./state/entities.ts";
import type { LiveState } from "./state/live-state.ts";
import { isCovered } from "./authority/covers.ts";

/** One operation: what is the same for all is in `decide`, what is its own is here. */
export interface OperationKind<O> {
  readonly shape: Shape<O>;
  /** Only the host principal of genesis may ask. */
  readonly hostOnly?: true;
  /** Starts an agent, run, task or effect, or has timers fire: refused in a held vault. */
  readonly starts?: true;
  /** Tells whether an account may go up with which the budget above is to be warned: that is then found out by trying. */
  mayWarnAbove?(state: LiveState, operation: O, moment: Moment): boolean;
  /** Its own checks run in the order written and the first that fails is the answer; the order is contract. */
  decide(state: LiveState, operation: O, moment: Moment): Answer;
}

/** When and by whom something is decided, and the ids it may give. */
export interface Moment {
  readonly stamp: Stamp;
  /** Effective time, ms. */
  readonly timeMs: number;
  /** Of the entry being made. */
  readonly position: number;
  /** What decides the operations of families. */
  readonly families: Families;
  /** The next id of this entry. */
  readonly fresh: <Kind extends IdKind>(kind: Kind) => IdsByKind[Kind];
}

/** What an operation's own decision says. */
export type Answer = { readonly accepted: readonly KernelEvent[] } | { readonly refused: PlainRefusal };

/**
 * Says yes.
 *
 * @param events what has happened with that
 * @returns the answer
 */
export function accept(...events: readonly KernelEvent[]): Answer {
  return { accepted: events };
}

/**
 * Says no.
 *
 * @returns the answer
 */
export function refuse(refused: PlainRefusal): Answer {
  return { refused };
}

/**
 * The vault, for operations that are only reached when it is open.
 *
 * @returns its row
 * @throws Fault when it is not
 */
export function openVault(state: LiveState): Vault {
  return state.vault ?? fault("an operation was decided without a vault");
}

/**
 * The grant that is asked under, for operations that are only reached with a live one.
 *
 * @returns its row
 * @throws Fault when there is none
 */
export function grantAsked(state: LiveState, { stamp }: Moment): Grant {
  const grant = stamp.grant === null ? undefined : state.grants.get(stamp.grant);
  return grant ?? fault("an operation was decided without a grant");
}

/**
 * Whether the grant asked under lacks a permission.
 *
 * @returns the refusal, or undefined when it is covered
 */
export function denied(
  state: LiveState,
  options: { readonly moment: Moment; readonly permission: Permission },
): PlainRefusal | undefined {
  const { permission } = options;
  if (isCovered(grantAsked(state, options.moment).permissions, permission)) return undefined;
  return { code: "permission_denied", permission };
}

/**
 * Whether the asker may not act on an agent: it is neither the agent itself nor holds `agent.control` of its name.
 *
 * @returns the agent, or the refusal
 */
export function controlled(
  state: LiveState,
  options: { readonly moment: Moment; readonly agent: AgentId },
): { readonly agent: Agent } | { readonly refused: PlainRefusal } {
  const agent = state.agents.get(options.agent);
  if (agent === undefined) return { refused: { code: "agent_unknown", agent: options.agent } };
  if (agent.principal === options.moment.stamp.principal) return { agent };
  const permission: Permission = `agent.control:${agent.name}`;
  if (isCovered(grantAsked(state, options.moment).permissions, permission)) return { agent };
  return { refused: { code: "agent_not_controlled", agent: agent.id, permission } };
}

/**
 * Whether one more would be too many.
 *
 * @param limit which of the vault's limits
 * @param options the state, and how many there are already
 * @returns the refusal, or undefined
 */
export function full(
  limit: keyof KernelLimits,
  { state, count }: { readonly state: LiveState; readonly count: number },
): LimitRefusal | undefined {
  const max = openVault(state).limits[limit];
  return count < max ? undefined : { code: "limit_reached", limit, max };
}
