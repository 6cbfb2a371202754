/** `effect.start`: the host is about to perform an effect. Host only. */
import { grantIsLive } from "../authority/authorises.ts";
import { oneOf, record } from "../codec/shape.ts";
import { id } from "../codec/shapes.ts";
import { accept, type OperationKind, refuse } from "../decision.ts";
import type { EffectId } from "../ids.ts";

/** Records that an effect is being performed from now on. */
export interface EffectStart {
  readonly type: "effect.start";
  readonly effect: EffectId;
}

/** How it is read and decided. */
export const effectStart: OperationKind<EffectStart> = {
  shape: record<EffectStart>({ type: oneOf("effect.start"), effect: id("effect") }),
  hostOnly: true,
  starts: true,
  decide: (state, { effect: id }, moment) => {
    const effect = state.effects.get(id);
    if (effect === undefined) return refuse({ code: "effect_unknown", effect: id });
    if (effect.status === "awaiting") return refuse({ code: "approval_pending", effect: id });
    if (effect.status === "started") return refuse({ code: "effect_already_started", effect: id });
    if (effect.status === "owed") return refuse({ code: "effect_owed", effect: id });
    const { grant, agent } = effect;
    const orphaned = agent !== null && !state.agents.has(agent);
    if (orphaned || !grantIsLive(state, { grant, timeMs: moment.timeMs })) {
      return refuse({ code: "authority_ended", grant });
    }
    const { tool, program } = effect;
    // One that was unregistered may finish what it was asked; one that was replaced never did what this asks.
    const registered = tool === null ? undefined : state.lookup.tool(tool);
    if (tool !== null && registered !== undefined && registered.program !== program) {
      return refuse({ code: "tool_changed", tool });
    }
    return accept({ type: "effect.started", schema: 1, effect: id, agent });
  },
};
