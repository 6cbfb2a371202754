/**
 * What a session came to, for people.
 */
import type { UpSummary } from "@toka/service";

import { showAmounts } from "./amounts.ts";
import { evidenceLine } from "./evidence.ts";
import { showOnOneLine } from "./plain.ts";
import { toldLines } from "./told.ts";

/** Characters of the reason that an agent gave for a failed task. */
const reasonWidthMax = 200;

/**
 * Tells what each agent did, what was refused, what it cost, and whether it holds.
 *
 * @param summary - of a session that is over
 * @returns lines
 */
export function summaryLines(summary: UpSummary): readonly string[] {
  const { verify } = summary;
  return [
    "",
    ...summary.agents.flatMap((agent) => [
      `${showOnOneLine(agent.name)}: ${agent.state}; tasks ${agent.tasks.completed} completed, ${agent.tasks.failed} failed; ${agent.refusals} refused; cost ${showAmounts(agent.usage)}`,
      ...agent.failures.flatMap(failureLines),
      ...agent.objectives.flatMap((objective) => [
        `  ${objective.met ? "met    " : "NOT MET"} ${showOnOneLine(objective.description)}`,
        ...objective.evidence.map((piece) => `          ${evidenceLine(piece)}`),
      ]),
    ]),
    "",
    ...(summary.owed.length === 0 ? [] : ["owed, nobody knows what came of them:"]),
    ...summary.owed.map(
      (effect) =>
        `  ${effect.effect} of ${showOnOneLine(effect.agent)}: ${effect.tool ?? "a program"}, owed since entry ${effect.position}`,
    ),
    summary.deliverables.length === 0 ? "no deliverables" : "deliverables:",
    ...summary.deliverables.map((path) => `  ${showOnOneLine(path)}`),
    "",
    verify.ok
      ? `verify: OK, ${summary.entries} entries`
      : `verify: BAD${verify.firstBad === undefined ? "" : ` at entry ${verify.firstBad.position}: ${showOnOneLine(verify.firstBad.reason)}`}`,
  ];
}

function failureLines(failure: UpSummary["agents"][number]["failures"][number]): readonly string[] {
  const { task, reason, message, position, call } = failure;
  const why = showOnOneLine(message ?? reason, reasonWidthMax);
  return [
    `  failed  task ${showOnOneLine(task)}, entry ${position}: ${why}`,
    ...(call === null ? [] : toldLines(call).map((line) => `          ${line}`)),
  ];
}
