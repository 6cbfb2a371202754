/**
 * The gate's part in approvals: nothing waits beyond its deadline. Who answers, and whether he may, is the kernel's.
 *
 * The kernel refuses a late answer by itself; this only gives back what an effect holds that nobody answered about.
 */
import type { Caller, EffectId, MachinePort } from "@toka/kernel";
import { RuntimeFailure } from "../failure.ts";
import { callAfter, type HostClock } from "./host-clock.ts";
import { submitSurely } from "./surely.ts";

/** Wait before a deadline is tried again that the kernel's clock has not reached, ms. */
const againMs = 1000;

/** The effects that wait for an approval, by their deadlines. */
export interface Deadlines {
  /** Refuses the effect once its deadline, ms since 1970, is over, unless it was answered by then. */
  watch(effect: EffectId, deadlineMs: number): void;
  /** Forgets an effect that waits no more. */
  forget(effect: EffectId): void;
  /** Ends every wait, and resolves when none is under way. */
  stop(): Promise<void>;
}

/** What deadlines are kept with. */
export interface DeadlineMeans {
  readonly machine: MachinePort;
  readonly host: Caller;
  readonly clock: HostClock;
  /** Told when the log does not take an expiry. */
  readonly onFailure: (failure: unknown) => void;
}

/**
 * Makes the list of deadlines, empty.
 * @param means - the machine, who expires approvals, and the time
 * @returns it; whoever made it must stop it
 */
export function createDeadlines({ machine, host, clock, onFailure }: DeadlineMeans): Deadlines {
  const timers = new Map<EffectId, () => void>();
  const work = new Set<Promise<void>>();
  let stopped = false;

  const forget = (effect: EffectId): void => {
    timers.get(effect)?.();
    timers.delete(effect);
  };
  const arm = (
    effect: EffectId,
    { deadlineMs, waitMs }: { readonly deadlineMs: number; readonly waitMs: number },
  ): void => {
    forget(effect);
    if (stopped) return;
    const due = (): void => {
      const leftMs = deadlineMs - clock.nowMs();
      if (leftMs > 0) return arm(effect, { deadlineMs, waitMs: leftMs });
      timers.delete(effect);
      const one = expire(effect, { machine, host, clock })
        .then((over) => (over ? undefined : arm(effect, { deadlineMs, waitMs: againMs })))
        .catch(onFailure)
        .finally(() => work.delete(one));
      work.add(one);
    };
    timers.set(effect, callAfter(clock, { ms: waitMs, task: due }));
  };

  return {
    watch: (effect, deadlineMs) => arm(effect, { deadlineMs, waitMs: deadlineMs - clock.nowMs() }),
    forget,
    stop: async () => {
      stopped = true;
      for (const effect of [...timers.keys()]) forget(effect);
      while (work.size > 0) await Promise.all(work);
    },
  };
}

/** @returns false when the kernel's clock has not reached the deadline */
async function expire(
  effect: EffectId,
  { machine, host, clock }: Pick<DeadlineMeans, "machine" | "host" | "clock">,
): Promise<boolean> {
  const receipt = await submitSurely(machine, {
    operation: { type: "approval.expire", effect },
    host,
    clock,
    isDone: () => machine.view((state) => state.effects.get(effect)?.status !== "awaiting"),
  });
  if (receipt === undefined || "events" in receipt.outcome) return true;
  const { code } = receipt.outcome.refusal;
  if (code === "approval_not_due") return false;
  // Answered a moment ago.
  if (code === "effect_unknown" || code === "approval_not_awaited") return true;
  throw new RuntimeFailure(`Cannot end the wait of ${effect} for an approval: the kernel refused it: ${code}`, {
    code,
    retry: "later",
  });
}
