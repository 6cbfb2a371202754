/**
 * Refusals that the kernel did not want recorded singly: counted per principal, and booked by the host as one fault entry
 * once their minute is over. A crash loses the counts of the minute it falls in, and nothing else.
 */
import type { FaultRecord, PrincipalId } from "@toka/kernel";

const minuteMs = 60_000;

/** Code of the fault that counts refusals, in the category security. */
export const refusalsCountedCode = 1;

/** The counts that wait to be booked. */
export class SuppressedRefusals {
  readonly #counts = new Map<PrincipalId, { minute: number; count: number }>();

  /** Counts refusals of a principal. */
  add(principal: PrincipalId, { timeMs, count }: { readonly timeMs: number; readonly count: number }): void {
    const waiting = this.#counts.get(principal);
    const minute = Math.floor(timeMs / minuteMs);
    if (waiting === undefined) this.#counts.set(principal, { minute, count });
    else this.#counts.set(principal, { minute: Math.max(minute, waiting.minute), count: waiting.count + count });
  }

  /**
   * Takes out what is to be booked.
   *
   * @param timeMs counts of minutes before this moment's are taken; Infinity takes all
   * @returns the operations that the host submits
   */
  take(timeMs: number): readonly (FaultRecord & { readonly principal: PrincipalId })[] {
    const due = [...this.#counts].filter(([, { minute }]) => minute < Math.floor(timeMs / minuteMs));
    return due.map(([principal, { count }]) => {
      this.#counts.delete(principal);
      return {
        type: "fault.record",
        category: "security",
        code: refusalsCountedCode,
        severity: "warning",
        component: "kernel",
        message: "Refusals of one principal in one minute that were counted and not recorded singly",
        principal,
        count,
      };
    });
  }
}
