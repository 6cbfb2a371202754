/** `effect.abandon`: the host, on an operator's word, gives up learning what came of an owed effect. Host only. */
import type { EffectId } from "../ids.ts";

/** Drops an owed effect; what was presumed spent stays spent. */
export interface EffectAbandon {
  readonly type: "effect.abandon";
  readonly effect: EffectId;
  readonly reason: string;
}
