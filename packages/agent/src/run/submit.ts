/** Submits an operation again when the answer was lost on the way. */
import type { Caller, MachinePort, Operation, PayloadDraft, Receipt } from "@toka/kernel";
import type { Clock } from "./clock.ts";

/** Answers lost in a row, with `retry: "later"`, before the failure is passed on. */
export const failuresInRowMax = 5;
/** Wait after a lost answer, ms; by then the machine has read back what the log holds. */
export const failureWaitMs = 200;

/** How an operation is submitted. */
export interface SubmitOptions {
  readonly machine: Pick<MachinePort, "submit">;
  readonly clock: Clock;
  readonly caller: Caller;
  readonly payloads?: readonly PayloadDraft[];
  readonly signal: AbortSignal;
}

/**
 * Submits an operation that does no harm when it is decided twice: its second time is refused, or records the same.
 * @returns the receipt of the time that was answered
 * @throws the machine's failure when it does not pass
 */
export async function submitUntilAnswered(operation: Operation, options: SubmitOptions): Promise<Receipt> {
  const { machine, clock, caller, payloads = [], signal } = options;
  for (let failures = 1; ; failures += 1) {
    try {
      return await machine.submit(operation, { caller, payloads });
    } catch (error) {
      if (!isPassing(error) || failures >= failuresInRowMax || signal.aborted) throw error;
      await clock.reach(clock.nowMs() + failureWaitMs, { signal });
    }
  }
}

/**
 * Tells a failure that may be over when asked again.
 * @returns true when it says `retry: "later"`
 */
export function isPassing(error: unknown): boolean {
  return typeof error === "object" && error !== null && Reflect.get(error, "retry") === "later";
}
