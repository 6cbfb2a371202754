/** `effect.start`: the host is about to perform an effect. Host only. */
import type { EffectId } from "../ids.ts";

/** Records that an effect is being performed from now on. */
export interface EffectStart {
  readonly type: "effect.start";
  readonly effect: EffectId;
}
