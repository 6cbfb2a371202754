/** Draws observations, metrics and alerts. */
import { root, someContent, type By } from "../world.ts";
import type { Made, Setting } from "./setting.ts";

/** Of whom it is, and who says it. */
function teller({ state, choices }: Setting): { readonly agent: string | null; readonly by: By } {
  const agent = choices.of(state.agents.values());
  if (agent === undefined || choices.chance(20)) return { agent: null, by: root };
  const by = { principal: agent.principal, grant: agent.grant };
  return { agent: choices.chance(70) ? agent.id : null, by: choices.chance(80) ? by : root };
}

/** Draws an observation. */
export function makeObservation(setting: Setting): Made {
  const { agent, by } = teller(setting);
  const { choices } = setting;
  const metadata = choices.some([{ name: "line", value: choices.below(9) }]);
  const content = { ...someContent, size: choices.below(100_000) };
  return { draft: { agent, kind: "finding", confidencePermille: choices.below(1001), metadata, content }, by };
}

/** Draws a metric. */
export function makeMetric(setting: Setting): Made {
  const { agent, by } = teller(setting);
  const { choices } = setting;
  const kind = choices.of(["counter", "gauge", "histogram", "summary"]);
  return { draft: { agent, name: "load", kind, unit: "1", value: choices.below(99), decimals: 1, labels: [] }, by };
}

/** Draws an alert. */
export function makeAlert(setting: Setting): Made {
  const { agent, by } = teller(setting);
  const { choices } = setting;
  const severity = choices.of(["info", "warning", "error", "critical"]);
  const content = choices.chance(50) ? someContent : null;
  return { draft: { agent, severity, code: "disk.full", title: "The disk is full", content }, by };
}
