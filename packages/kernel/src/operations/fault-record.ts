/**
 * `fault.record`: the host records that something went wrong around the kernel, or how many refusals it did not record
 * singly. Host only.
 */
import { integer, nullable, oneOf, record, text } from "../codec/shape.ts";
import { id, shortText } from "../codec/shapes.ts";
import { accept, type OperationKind } from "../decision.ts";
import type { PrincipalId } from "../ids.ts";
import { fixedLimits } from "../limits.ts";
import type { FaultCategory, FaultSeverity } from "../reasons.ts";

/** Records a fault. */
export interface FaultRecord {
  readonly type: "fault.record";
  readonly category: FaultCategory;
  /** 1..100 */
  readonly code: number;
  readonly severity: FaultSeverity;
  readonly component: string;
  readonly message: string;
  /** Whom it concerns. */
  readonly principal: PrincipalId | null;
  /** How often, for what is counted together. */
  readonly count: number;
}

/** How it is read and decided. */
export const faultRecord: OperationKind<FaultRecord> = {
  shape: record<FaultRecord>({
    type: oneOf("fault.record"),
    category: oneOf("security", "network", "storage", "agent", "task", "resource", "configuration", "other"),
    code: integer(1, 100),
    severity: oneOf("info", "warning", "error", "critical"),
    component: shortText,
    message: text(fixedLimits.messageCharsMax),
    principal: nullable(id("principal")),
    count: integer(1, fixedLimits.amountMax),
  }),
  hostOnly: true,
  decide: (_state, { category, code, severity, count }) =>
    accept({ type: "fault.recorded", schema: 1, category, code, severity, count }),
};
