/** Draws timers and ticks. */
import { host, root, someContent } from "../world.ts";
import type { Made, Setting } from "./setting.ts";

const expressions = ["* * * * *", "*/2 * * * *", "0 12 * * 1", "30 6 29 2 *"];

/** Draws an operation on timers. */
export function makeTimer(setting: Setting, verb: string): Made | undefined {
  const { state, choices } = setting;
  if (verb === "cancel") {
    const timer = choices.of(state.timers.values())?.id;
    return timer === undefined || choices.chance(60) ? undefined : { draft: { timer } };
  }
  const agent = choices.of(state.agents.values());
  if (agent === undefined) return undefined;
  const by = choices.chance(70) ? { principal: agent.principal, grant: agent.grant } : root;
  const atMs = state.head.timeMs + choices.below(100_000);
  const fromMs = choices.chance(50) ? null : state.head.timeMs - 50_000 + choices.below(100_000);
  const schedule = choices.of([
    { type: "once", atMs },
    { type: "interval", everyMs: 1_000 + choices.below(30_000), fromMs },
    { type: "cron", expression: choices.of(expressions) },
  ]);
  return { draft: { agent: agent.id, schedule, content: someContent }, by };
}

/** Draws a tick. */
export function makeTick({ state, choices }: Setting): Made | undefined {
  return state.timers.size > 0 || choices.chance(10) ? { draft: {}, by: host } : undefined;
}
