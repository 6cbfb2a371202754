/**
 * Submits the host's own operations so that they happen once: an unknown outcome is looked up in the state before anything is tried
 * again.
 */
import type { Caller, MachinePort, Operation, PayloadDraft, Receipt } from "@toka/kernel";
import { waitFor, type HostClock } from "./host-clock.ts";

/** Tries of one operation; a disk that is full for longer stops the gate, and the next start goes on from the log. */
const attemptsMax = 4;
/** First wait before another try, ms; doubled each time. */
const firstWaitMs = 100;

/** One operation of the host. */
export interface HostOperation {
  readonly operation: Operation;
  readonly host: Caller;
  readonly clock: Pick<HostClock, "after">;
  readonly causes?: readonly number[];
  readonly payloads?: readonly PayloadDraft[];
  /** Whether the log already holds what the operation would bring about. */
  readonly isDone: () => Promise<boolean>;
}

/**
 * Submits an operation until it is known to be in the log.
 * @returns its receipt, or undefined when the log already held it
 * @throws the machine's failure when it fails for good or too often
 */
export async function submitSurely(
  machine: MachinePort,
  { operation, host, clock, causes, payloads, isDone }: HostOperation,
): Promise<Receipt | undefined> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await machine.submit(operation, {
        caller: host,
        ...(causes === undefined ? {} : { causes }),
        ...(payloads === undefined ? {} : { payloads }),
      });
    } catch (error) {
      if (attempt >= attemptsMax || !mayHelpLater(error)) throw error;
      await waitFor(clock, firstWaitMs * 2 ** (attempt - 1));
      if (await isDone()) return undefined;
    }
  }
}

function mayHelpLater(error: unknown): boolean {
  return error instanceof Error && "retry" in error && error.retry === "later";
}
