/**
 * `toka state`: everything that lives in the vault.
 */
import type { VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { countOf } from "../output/told.ts";
import { type NounOptions, reading } from "./vault-rows.ts";

/**
 * Prints how much lives in each area, and what each agent does; with `--json` every row of every area.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function showState(options: NounOptions, context: CommandContext): Promise<number> {
  const state = await reading({ options, context }, readAll);
  const lines = options.json ? [showAsJson(state)] : tell(state);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

type Everything = Awaited<ReturnType<typeof readAll>>;

// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it gathers
async function readAll(api: VaultApi) {
  const sessions = await api.state("sessions");
  const agents = await api.state("agents");
  const tasks = await api.state("tasks");
  const effects = await api.state("effects");
  const tools = await api.state("tools");
  const definitions = await api.state("definitions");
  const grants = await api.state("grants");
  const budgets = await api.state("budgets");
  const principals = await api.state("principals");
  return { sessions, agents, tasks, effects, tools, definitions, grants, budgets, principals };
}

function tell(state: Everything): readonly string[] {
  const position = Math.max(...Object.values(state).map((answer) => answer.position));
  const owed = state.effects.rows.filter((effect) => effect.status === "owed").length;
  return [
    `at entry ${position}: ${Object.entries(state)
      .map(([area, { total }]) => countOf(total, area))
      .join(", ")}`,
    ...state.agents.rows.map((agent) => {
      const tasks = agent.tasks.map((task) => `${showOnOneLine(task.key)} ${task.status}`).join(", ");
      return `  ${agent.id} ${showOnOneLine(agent.name)}: ${agent.state}; tasks: ${tasks === "" ? "none" : tasks}`;
    }),
    ...(owed === 0 ? [] : [`${owed} owed: toka owed list shows them`]),
  ];
}
