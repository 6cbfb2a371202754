/**
 * Decides: state, operation and stamp in, events or a refusal out. Nothing is changed.
 *
 * The checks that hold for every operation run first, in this order: vault_not_open or vault_already_open, clock_jump,
 * principal_unknown, host_only, grant_not_held, grant_ended, vault_held. Then the operation's own, of which a reached limit is
 * the last. The order is contract: the first that fails is the answer.
 */
import { isInForce } from "./authority/authorises.ts";
import { warningsOf } from "./budget/accounts.ts";
import type { Answer, Moment, OperationKind } from "./decision.ts";
import type { Decision } from "./entry.ts";
import type { KernelEvent } from "./event.ts";
import { evolve } from "./evolve.ts";
import { noFamilies, type Families } from "./family-port.ts";
import { effectiveTimeMs, jumps, refusalsThisMinute } from "./time.ts";
import { genesisIds, makeId } from "./ids.ts";
import type { IdKind, IdsByKind } from "./ids.ts";
import { fixedLimits } from "./limits.ts";
import type { Batch, Operation, PlainOperation } from "./operation.ts";
import { kindOf } from "./operation-kinds.ts";
import type { GeneralRefusal, PlainRefusal, Refusal } from "./refusal.ts";
import type { Stamp } from "./stamp.ts";
import { live } from "./state/live-state.ts";
import type { LiveState } from "./state/live-state.ts";
import type { KernelState } from "./state/state.ts";

/**
 * Decides an operation. Those of families are refused, unrecorded, as by who has no bundle.
 *
 * @param state the fold of all entries so far; it is the same afterwards
 * @param operation with keys in canonical order, as `parseOperation` gives it
 * @param stamp attested by the host: who asks, under which grant, when
 * @returns the events, or a refusal and whether it is to be recorded
 * @throws Fault when the state is not one that this kernel made
 */
export function decide(state: KernelState, operation: Operation, stamp: Stamp): Decision {
  return decideWith(state, operation, { stamp, families: noFamilies });
}

/**
 * Decides an operation, also one of a family.
 *
 * @param state the fold of all entries so far; it is the same afterwards
 * @param operation with keys in canonical order, as `parseOperation` gives it
 * @param given the stamp, and what runs the bundles of families
 * @returns the events, or a refusal and whether it is to be recorded
 * @throws Fault when the state is not one that this kernel made
 */
export function decideWith(
  state: KernelState,
  operation: Operation,
  { stamp, families }: { readonly stamp: Stamp; readonly families: Families },
): Decision {
  const at = live(state);
  const timeMs = effectiveTimeMs(at, stamp);
  const position = at.head.position + 1;
  let index = 0;
  const fresh = <Kind extends IdKind>(kind: Kind): IdsByKind[Kind] => makeId(kind, { position, index: index++ });
  const moment: Moment = { stamp, timeMs, position, families, fresh };

  const amiss = outOfPlace(at, { operation, stamp });
  if (amiss !== undefined) return refused(at, { refusal: amiss, stamp });
  if (operation.type === "batch") return decideBatch(at, operation, moment);
  const answer = decidePlain(at, operation, moment);
  return "refused" in answer ? refused(at, { refusal: answer.refused, stamp }) : answer;
}

// What concerns the entry as a whole, also of a batch.
function outOfPlace(
  state: LiveState,
  { operation, stamp }: { readonly operation: Operation; readonly stamp: Stamp },
): GeneralRefusal | undefined {
  const { principal } = stamp;
  if (state.vault === null) {
    if (operation.type !== "vault.open") return { code: "vault_not_open" };
    if (principal !== genesisIds.host) return { code: "host_only", principal };
    return stamp.grant === null ? undefined : { code: "grant_not_held", grant: stamp.grant };
  }
  if (operation.type === "vault.open") return { code: "vault_already_open" };
  if (!mayJump(operation) && jumps(state, stamp)) {
    return {
      code: "clock_jump",
      lastMs: state.head.timeMs,
      stampMs: stamp.timeMs,
      jumpMsMax: fixedLimits.clockJumpMsMax,
    };
  }
  return state.principals.has(principal) ? undefined : { code: "principal_unknown", principal };
}

// A fork begins when it is made, however long ago the entry before it was.
function mayJump({ type }: Operation): boolean {
  return type === "clock.accept" || type === "vault.fork";
}

function decidePlain(state: LiveState, operation: PlainOperation, moment: Moment): Answer {
  const kind = kindOf(operation);
  const amiss = notAllowedToAsk(state, { operation, kind, moment });
  if (amiss !== undefined) return { refused: amiss };
  const answer = kind.decide(state, operation, moment);
  if ("refused" in answer || kind.mayWarnAbove?.(state, operation, moment) !== true) return answer;
  return { accepted: [...answer.accepted, ...warningsByTrying(state, { operation, moment, events: answer.accepted })] };
}

function notAllowedToAsk(
  state: LiveState,
  options: {
    readonly operation: PlainOperation;
    readonly kind: OperationKind<PlainOperation>;
    readonly moment: Moment;
  },
): GeneralRefusal | undefined {
  const { kind, operation, moment } = options;
  const { principal, grant } = moment.stamp;
  if (operation.type === "vault.open") return state.vault === null ? undefined : { code: "vault_already_open" };
  if (kind.hostOnly === true) {
    if (principal !== genesisIds.host) return { code: "host_only", principal };
  } else {
    const held = grant === null ? undefined : state.grants.get(grant);
    if (grant === null || held?.holder !== principal) {
      const wasHeld = grant !== null && state.principals.get(principal)?.ended.includes(grant) === true;
      return wasHeld ? { code: "grant_ended", grant } : { code: "grant_not_held", grant };
    }
    if (!isInForce(held, moment.timeMs)) return { code: "grant_ended", grant };
  }
  return kind.starts === true && state.vault?.held === true ? { code: "vault_held" } : undefined;
}

// All or none: each operation sees what those before it did, and nothing of it stays.
function decideBatch(state: LiveState, { operations }: Batch, moment: Moment): Decision {
  return state.trial(() => {
    const events: KernelEvent[] = [];
    const counts: number[] = [];
    for (const [index, operation] of operations.entries()) {
      const answer = decidePlain(state, operation, moment);
      if ("refused" in answer) {
        const refusal: Refusal = { code: "batch_refused", index, refusal: answer.refused };
        return refused(state, { refusal, stamp: moment.stamp });
      }
      for (const event of answer.accepted) evolve(state, event, { operation, ...moment });
      events.push(...answer.accepted);
      counts.push(answer.accepted.length);
    }
    return { accepted: events, counts };
  });
}

// Closing budgets hand their accounts up in ways that only the fold knows: apply, look, and take back.
function warningsByTrying(
  state: LiveState,
  options: {
    readonly operation: PlainOperation;
    readonly moment: Moment;
    readonly events: readonly KernelEvent[];
  },
): readonly KernelEvent[] {
  const { operation, moment, events } = options;
  return state.trial(() => {
    for (const event of events) evolve(state, event, { operation, ...moment });
    const touched = state.changedBudgets();
    return touched.flatMap((budget) => (budget.closing ? [] : warningsOf(budget)));
  });
}

function refused(
  state: LiveState,
  { refusal, stamp }: { readonly refusal: PlainRefusal | Refusal; readonly stamp: Stamp },
): Decision {
  const recorded =
    state.vault !== null &&
    !saysAbsent(refusal) &&
    refusalsThisMinute(state, stamp).recorded < fixedLimits.refusalsPerMinuteMax;
  return { refused: refusal, recorded };
}

function saysAbsent(refusal: Refusal): boolean {
  return (
    refusal.code === "family_absent" || (refusal.code === "batch_refused" && refusal.refusal.code === "family_absent")
  );
}
