/** Applies an entry: what it says has happened, or what a refusal leaves behind. */
import type { Entry } from "./entry.ts";
import { evolve } from "./evolve.ts";
import type { Cause } from "./evolve/cause.ts";
import { setStep } from "./evolve/task.ts";
import { fault } from "./failure.ts";
import type { KernelEvent } from "./event.ts";
import type { Batch } from "./operation.ts";
import type { Refusal } from "./refusal.ts";
import { live } from "./state/live-state.ts";
import type { LiveState } from "./state/live-state.ts";
import type { KernelState } from "./state/state.ts";
import { effectiveTimeMs, refusalsThisMinute, timeAfterRefusal } from "./time.ts";

/**
 * Applies the next entry of the log.
 *
 * @param state the fold of all entries before it; changed in place
 * @param entry one that `decide` made on this very state, or that was checked to be
 * @throws Fault when it is not the next one, or does not fit the state: the state is then of no more use
 */
export function applyEntry(state: KernelState, entry: Entry): void {
  const at = live(state);
  const { position, stamp, operation, outcome } = entry;
  if (position !== at.head.position + 1) {
    return fault(`entry ${position} does not follow position ${at.head.position}`);
  }
  if ("refusal" in outcome) return applyRefusal(at, entry, outcome.refusal);
  const timeMs = effectiveTimeMs(at, stamp);
  if (operation.type !== "batch") {
    const cause = { operation, stamp, position, timeMs };
    for (const event of outcome.events) evolve(at, event, cause);
    return at.advance({ position, timeMs });
  }
  const rest = { stamp, position, timeMs };
  let index = 0;
  for (const [one, count] of shares(operation, outcome)) {
    for (const event of outcome.events.slice(index, index + count)) evolve(at, event, { operation: one, ...rest });
    index += count;
  }
  at.advance({ position, timeMs });
}

// Each plain operation with how many of the events are its own.
function shares(
  { operations }: Batch,
  { events, counts }: { readonly events: readonly KernelEvent[]; readonly counts?: readonly number[] },
): readonly (readonly [Cause["operation"], number])[] {
  const sum = (counts ?? []).reduce((total, count) => total + count, 0);
  if (counts?.length !== operations.length || sum !== events.length) {
    return fault("the events of a batch do not share out among its operations");
  }
  return operations.map((one, index) => [one, counts[index] ?? 0]);
}

function applyRefusal(state: LiveState, { position, stamp, operation }: Entry, refusal: Refusal): void {
  const row = refusalsThisMinute(state, stamp);
  state.table.refusals.put({ ...row, recorded: row.recorded + 1 });
  if (operation.type === "effect.request" && stepRefusals.has(refusal.code)) {
    const { task, step } = operation;
    const to = { status: "refused", effect: null, result: null, code: refusal.code } as const;
    if (task !== null && step !== null) setStep(state, { task, step, to });
  }
  state.advance({ position, timeMs: timeAfterRefusal(state, stamp) });
}

// Those that come after the checks of the step itself and say no to what it asks for. A reached limit is only a matter of time.
const stepRefusals: ReadonlySet<Refusal["code"]> = new Set<Refusal["code"]>([
  "tool_unknown",
  "tool_not_offered",
  "permission_denied",
  "claim_beyond_tool",
  "policy_denied",
  "approval_required",
  "timeout_out_of_range",
  "budget_not_held",
  "budget_closing",
  "budget_exhausted",
]);
