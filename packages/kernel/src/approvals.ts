/**
 * Approvals: which effects wait for one, what exactly an answer is about, and who may give it.
 *
 * Source: docs/decisions/0018-approvals.md.
 */
import { isCovered } from "./authority/covers.ts";
import type { Permission } from "./authority/permission.ts";
import { compareIds, genesisIds } from "./ids.ts";
import type { Digest, GrantId, PrincipalId } from "./ids.ts";
import type { Effect, Grant } from "./state/entities.ts";
import type { KernelState } from "./state/state.ts";

/** What exactly will run. */
export interface Binding {
  /** Digest of the program; null for code. */
  readonly program: Digest | null;
  /** Commitment to the arguments. */
  readonly arguments: Digest;
  readonly claims: readonly Permission[];
}

/** An effect that waits for an approval. */
export interface AwaitedApproval {
  readonly effect: Effect;
  /** What an answer must repeat. */
  readonly binding: Binding;
  /** A moment: an answer that comes then or later is none. */
  readonly deadlineMs: number;
  /** Another program is registered under the name by now, or none: it can only be denied. */
  readonly changed: boolean;
}

/**
 * The effects that wait for an approval.
 *
 * @param state the durable state
 * @returns them, in the order they were asked for
 */
export function approvalsIn(state: KernelState): readonly AwaitedApproval[] {
  const awaited: AwaitedApproval[] = [];
  for (const effect of state.effects.values()) {
    const { approval, status } = effect;
    if (status !== "awaiting" || approval === null) continue;
    const { deadlineMs } = approval;
    awaited.push({ effect, binding: bindingOf(effect), deadlineMs, changed: toolChanged(state, effect) });
  }
  return awaited.toSorted((left, right) => compareIds(left.effect.id, right.effect.id));
}

/**
 * What exactly will run when an effect is allowed.
 *
 * @returns program, arguments and claims, as an answer repeats them
 */
export function bindingOf({ program, arguments: given, claims }: Effect): Binding {
  return { program, arguments: given.commitment, claims };
}

/**
 * Whether the tool of an effect is another one than when the effect was asked for.
 *
 * @returns true when another program is registered under its name, or none; false for code
 */
export function toolChanged(state: KernelState, { tool, program }: Effect): boolean {
  return tool !== null && state.lookup.tool(tool)?.program !== program;
}

/**
 * The permission that an answer about an effect needs; `vault.admin:*` will do as well.
 *
 * @returns `approval.answer` of its tool, of native for code, or of undo
 */
export function answerPermission({ kind, tool }: Pick<Effect, "kind" | "tool">): Permission {
  return `approval.answer:${tool ?? (kind === "undo" ? "undo" : "native")}`;
}

/**
 * Tells whether somebody could answer about an effect: holds the permission, and neither asked for the effect nor has from who did
 * what he answers with.
 *
 * @param state the durable state
 * @param options the effect, and who would answer under which grant
 * @returns true when the kernel would not refuse the answer for want of authority
 */
export function mayAnswer(
  state: KernelState,
  options: { readonly effect: Effect; readonly principal: PrincipalId; readonly grant: GrantId },
): boolean {
  const held = state.grants.get(options.grant);
  if (held?.holder !== options.principal) return false;
  return permits(held, options.effect) && !isRequesters(state, { effect: options.effect, grant: held });
}

/**
 * Whether a grant allows answering about an effect.
 *
 * @returns true with `approval.answer` of its tool, or `vault.admin:*`
 */
export function permits({ permissions }: Grant, effect: Effect): boolean {
  return isCovered(permissions, answerPermission(effect)) || isCovered(permissions, "vault.admin:*");
}

/**
 * Whether an answer would be the requester's own: its grant is the requester's or stems from it, or its agent is or was spawned below
 * the requester's. The agent that an effect is for counts as its requester too, whoever asked in its name.
 *
 * @returns true when the answer must be refused
 */
export function isRequesters(
  state: KernelState,
  { effect, grant }: { readonly effect: Effect; readonly grant: Grant },
): boolean {
  const of = effect.agent === null ? undefined : state.agents.get(effect.agent)?.principal;
  const asked = (principal: PrincipalId): boolean => principal === effect.principal || principal === of;
  // The kernel bounds the depth of delegation and of spawning, so that both lines end.
  for (let at: Grant | undefined = grant; at !== undefined;) {
    if (asked(at.holder)) return true;
    at = at.parent === null ? undefined : state.grants.get(at.parent);
  }
  let agent = state.principals.get(grant.holder)?.agent ?? null;
  while (agent !== null) {
    const row = state.agents.get(agent);
    if (row !== undefined && asked(row.principal)) return true;
    agent = row?.parent ?? null;
  }
  return false;
}

/**
 * Whether nobody could ever answer for somebody, since all authority stems from him.
 *
 * @returns true for the root principal
 */
export function isBeyondApproval(principal: PrincipalId): boolean {
  return principal === genesisIds.root;
}
