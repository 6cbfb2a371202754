/**
 * `toka state`: everything that lives in the vault, or lived in it after an entry.
 */
import type { VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { countOf } from "../output/told.ts";
import { type NounOptions, reading } from "./vault-rows.ts";

/** What `toka state` takes. */
export interface StateOptions extends NounOptions {
  /** An entry; the head when absent. */
  readonly at?: number;
}

type PastState = Awaited<ReturnType<VaultApi["stateAt"]>>;

/**
 * Prints how much lives in each area, and what each agent does; with `--json` every row of every area.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function showState(options: StateOptions, context: CommandContext): Promise<number> {
  const { at } = options;
  const state = await reading({ options, context }, async (api) => (at === undefined ? readAll(api) : api.stateAt(at)));
  const lines = options.json ? [showAsJson(state)] : tell(state);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

async function readAll(api: VaultApi): Promise<PastState> {
  return {
    sessions: await api.state("sessions"),
    agents: await api.state("agents"),
    tasks: await api.state("tasks"),
    effects: await api.state("effects"),
    approvals: await api.state("approvals"),
    messages: await api.state("messages"),
    timers: await api.state("timers"),
    tools: await api.state("tools"),
    definitions: await api.state("definitions"),
    grants: await api.state("grants"),
    budgets: await api.state("budgets"),
    policies: await api.state("policies"),
    leases: await api.state("leases"),
    families: await api.state("families"),
    principals: await api.state("principals"),
  };
}

function tell(state: PastState): readonly string[] {
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
