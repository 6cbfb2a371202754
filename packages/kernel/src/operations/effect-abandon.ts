/** `effect.abandon`: the host, on an operator's word, gives up learning what came of an owed effect. Host only. */
import { oneOf, record } from "../codec/shape.ts";
import { id, shortText } from "../codec/shapes.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { EffectId } from "../ids.ts";

/** Drops an owed effect; what was presumed spent stays spent. */
export interface EffectAbandon {
  readonly type: "effect.abandon";
  readonly effect: EffectId;
  readonly reason: string;
}

/** How it is read and decided. */
export const effectAbandon: OperationKind<EffectAbandon> = {
  shape: record<EffectAbandon>({ type: oneOf("effect.abandon"), effect: id("effect"), reason: shortText }),
  hostOnly: true,
  mayWarnAbove: () => true,
  decide: (state, { effect: id }) => {
    const effect = state.effects.get(id);
    if (effect === undefined) return refuse({ code: "effect_unknown", effect: id });
    if (effect.status !== "owed") return refuse({ code: "effect_not_owed", effect: id });
    const { agent, task, step } = effect;
    return accept({ type: "effect.abandoned", schema: 1, effect: id, agent, task, step });
  },
};
