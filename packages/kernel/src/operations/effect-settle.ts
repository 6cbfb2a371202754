/** `effect.settle`: the host says what came of an effect and what it used. Host only: nobody settles his own effect. */
import type { Amounts } from "../budget/amounts.ts";
import type { Content } from "../content.ts";
import type { EffectId } from "../ids.ts";

/** Settles an effect. With outcome unknown it stays, owed, until somebody knows. */
export interface EffectSettle {
  readonly type: "effect.settle";
  readonly effect: EffectId;
  readonly outcome: EffectOutcome;
  /** Exit code or the name of the limit that was hit. */
  readonly code: string | null;
  readonly result: Content | null;
  /** Measured. */
  readonly usage: Amounts;
  /** Manifest of the changed files. */
  readonly changes: Content | null;
  /** How many files changed. */
  readonly changed: number;
}

/** What came of an effect. */
export type EffectOutcome = "succeeded" | "failed" | "timed-out" | "limit" | "aborted" | "conflict" | "unknown";
