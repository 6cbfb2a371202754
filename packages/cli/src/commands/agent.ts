/**
 * `toka agent`: live agents, and what an operator does to them.
 */
import type { StateRows, VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAmounts } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { findRow, type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";
import { wordAmong } from "./words.ts";

type AgentRow = StateRows["agents"];

const heads = ["ID", "NAME", "STATE", "TASKS", "USED", "SESSION"] as const;

type NamedOptions = NounOptions & { readonly name: string };

/**
 * Lists the live agents.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listAgents(
  options: NounOptions & { readonly capability?: string; readonly domain?: string; readonly state?: string },
  context: CommandContext,
): Promise<number> {
  const { capability = null, domain = null } = options;
  const state = options.state === undefined ? null : wordAmong(options.state, ["running", "suspended"]);
  const answer = await reading({ options, context }, async (api) => api.findAgents({ capability, domain, state }));
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  const asked = capability ?? domain ?? state;
  const none = asked === null ? "no live agents; toka agent spawn FILE makes one" : "no live agent is such";
  return tellRows(answer, { options, context, area: "agents", none, lines });
}

function cellsOf(agent: AgentRow): readonly string[] {
  const over = agent.tasks.filter((task) => !["waiting", "scheduled", "running"].includes(task.status)).length;
  const running = agent.tasks.find((task) => task.status === "running")?.key;
  const tasks = `${over}/${agent.tasks.length}${running === undefined ? "" : ` ${running}`}`;
  return [agent.id, agent.name, agent.state, tasks, showAmounts(agent.used), agent.session ?? "none"];
}

/**
 * Shows one agent.
 *
 * @param options - its name or id
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such agent
 */
export async function showAgent(options: NamedOptions, context: CommandContext): Promise<number> {
  const agent = await reading({ options, context }, async (api) => findAgent(options.name, api));
  const lines = options.json ? [showAsJson(agent)] : tell(agent);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function tell(agent: AgentRow): readonly string[] {
  const because = agent.suspendReason === null ? "" : ` (${agent.suspendReason})`;
  return [
    `${agent.id} ${showOnOneLine(agent.name)} ${showOnOneLine(agent.version)}: ${agent.state}${because}, ${showOnOneLine(agent.lifecycle)}`,
    ...(agent.capabilities.length === 0
      ? []
      : [`  can: ${agent.capabilities.map((one) => showOnOneLine(one)).join(", ")}`]),
    ...(agent.domain === null ? [] : [`  domain: ${showOnOneLine(agent.domain)}`]),
    `  definition ${agent.definition}, principal ${agent.principal}, session ${agent.session ?? "none"}`,
    `  budget ${agent.budget}: ${showAmounts(agent.used)} of ${showAmounts(agent.allotment)}`,
    `  grant ${agent.grant}:`,
    ...agent.permissions.map((permission) => `    ${showOnOneLine(permission)}`),
    agent.tasks.length === 0 ? "  no tasks" : "  tasks:",
    ...agent.tasks.map(
      (task) => `    ${showOnOneLine(task.key)}: ${task.status}${task.task === null ? "" : ` (${task.task})`}`,
    ),
    agent.objectives.length === 0 ? "  no objectives" : "  objectives:",
    ...agent.objectives.map(
      ({ key, met }) => `    ${showOnOneLine(key)}: ${met === null ? "not judged" : met ? "met" : "NOT MET"}`,
    ),
  ];
}

/**
 * Suspends an agent.
 *
 * @param options - its name or id, and why
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent
 */
export async function suspendAgent(
  options: NamedOptions & { readonly reason: string },
  context: CommandContext,
): Promise<number> {
  const reason = wordAmong(options.reason, ["resource-management", "administrative", "maintenance", "other"]);
  return operateOn(
    async (api) => {
      const { id } = await findAgent(options.name, api);
      return { operation: { type: "agent.suspend", agent: id, reason }, contents: {} };
    },
    { options, context, doing: `suspend the agent ${options.name}` },
  );
}

/**
 * Lets a suspended agent go on.
 *
 * @param options - its name or id
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent
 */
export async function resumeAgent(options: NamedOptions, context: CommandContext): Promise<number> {
  return operateOn(
    async (api) => {
      const { id } = await findAgent(options.name, api);
      return { operation: { type: "agent.resume", agent: id }, contents: {} };
    },
    { options, context, doing: `resume the agent ${options.name}` },
  );
}

/**
 * Ends an agent.
 *
 * @param options - its name or id, and why
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent
 */
export async function terminateAgent(
  options: NamedOptions & { readonly reason: string },
  context: CommandContext,
): Promise<number> {
  const reason = wordAmong(options.reason, ["killed", "crashed", "resource-limit", "timeout", "other"]);
  return operateOn(
    async (api) => {
      const { id } = await findAgent(options.name, api);
      return { operation: { type: "agent.terminate", agent: id, reason, exitCode: 1 }, contents: {} };
    },
    { options, context, doing: `end the agent ${options.name}` },
  );
}

async function findAgent(name: string, api: VaultApi): Promise<AgentRow> {
  const { rows } = await api.state("agents");
  return findRow(name, { rows, what: "agent" });
}
