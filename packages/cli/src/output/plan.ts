/**
 * What running a crew would mean, for people.
 */
import type { RunPlan } from "@toka/service";

import { showAmounts } from "./amounts.ts";
import { countOf } from "./told.ts";
import { showOnOneLine } from "./plain.ts";

/**
 * Tells a plan.
 *
 * @param plan - of a run that has not begun
 * @returns lines
 */
export function planLines(plan: RunPlan): readonly string[] {
  return [
    `would run ${showOnOneLine(plan.name)} over ${showOnOneLine(plan.workspace)}; nothing was started`,
    `at most ${countOf(plan.concurrencyMax, "agents")} at once, each restarted ${plan.restartsMax} times at most`,
    ...plan.waves.map((names, index) => `wave ${index + 1}: ${names.map((name) => showOnOneLine(name)).join(", ")}`),
    "",
    ...plan.agents.flatMap((agent) => [
      `${showOnOneLine(agent.name)}${agent.dependsOn.length === 0 ? "" : `, after ${agent.dependsOn.map((name) => showOnOneLine(name)).join(", ")}`}`,
      `  calls: ${agent.tools.length === 0 ? "nothing" : agent.tools.map((tool) => `${showOnOneLine(tool.name)} (${tool.sideEffect})`).join(", ")}`,
      `  costs at most: ${showAmounts(agent.allotment)}`,
      "  asks for:",
      ...agent.permissions.map((permission) => `    ${showOnOneLine(permission)}`),
    ]),
    "",
    `all together cost at most: ${showAmounts(plan.allotment)}`,
    plan.writable.length === 0 ? "can write: nothing" : "can write:",
    ...plan.writable.map((path) => `  ${showOnOneLine(path)}`),
    plan.lacks.length === 0 ? "this machine can run it" : "this machine cannot do all of it:",
    ...plan.lacks.map((lack) => `  ${showOnOneLine(lack)}`),
  ];
}
