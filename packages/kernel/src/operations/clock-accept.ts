/** `clock.accept`: an administrator confirms the host's clock after a jump of more than a day. */
import { oneOf, record } from "../codec/shape.ts";
import { momentMs } from "../codec/shapes.ts";
import { accept, denied, type OperationKind, refuse } from "../decision.ts";
import { fixedLimits } from "../limits.ts";

/** States the time that the administrator reads elsewhere; it must agree with the stamp. */
export interface ClockAccept {
  readonly type: "clock.accept";
  /** Ms since 1970. */
  readonly timeMs: number;
}

/** How it is read and decided. */
export const clockAccept: OperationKind<ClockAccept> = {
  shape: record<ClockAccept>({ type: oneOf("clock.accept"), timeMs: momentMs }),
  decide: (state, { timeMs: statedMs }, moment) => {
    const no = denied(state, { moment, permission: "vault.admin:*" });
    if (no !== undefined) return refuse(no);
    const stampMs = moment.stamp.timeMs;
    const toleranceMs = fixedLimits.clockToleranceMs;
    if (Math.abs(statedMs - stampMs) > toleranceMs) {
      return refuse({ code: "clock_not_confirmed", stampMs, toleranceMs });
    }
    return accept({ type: "clock.accepted", schema: 1, timeMs: moment.timeMs });
  },
};
