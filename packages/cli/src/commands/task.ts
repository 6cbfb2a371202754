/**
 * `toka task`: tasks of live agents.
 */
import type { VaultApi } from "@toka/service";
import { ServiceFailure, suggestion, type StateRows } from "@toka/service";

import type { CommandContext } from "../context.ts";
import { tableLines } from "../output/table.ts";
import { findRow, type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";
import { wordAmong } from "./words.ts";

type TaskRow = StateRows["tasks"];

type AgentRow = StateRows["agents"];

const heads = ["ID", "AGENT", "TASK", "STATUS", "PRIORITY", "ATTEMPT", "DONE"] as const;
const priorities = ["critical", "high", "medium", "low"] as const;
const cancelReasons = ["not-needed", "superseded", "operator", "other"] as const;

/**
 * Lists tasks that are scheduled or running.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault, or no such agent
 */
export async function listTasks(
  options: NounOptions & { readonly agent?: string },
  context: CommandContext,
): Promise<number> {
  const { agent } = options;
  const answer = await reading({ options, context }, async (api) => {
    const of = agent === undefined ? undefined : await findAgent(agent, api);
    const tasks = await api.state("tasks");
    const rows = tasks.rows.filter((task) => of === undefined || task.agent === of.id);
    return { ...tasks, rows, total: of === undefined ? tasks.total : rows.length };
  });
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  return tellRows(answer, { options, context, area: "tasks", none: "no task is scheduled or running", lines });
}

function cellsOf(task: TaskRow): readonly string[] {
  const done = `${Math.floor(task.progressPermille / 10)}%`;
  return [task.id, task.agentName, task.key, task.status, task.priority, String(task.attempt), done];
}

/**
 * Schedules a task that an agent's definition declares.
 *
 * @param options - the agent, the task's key, and how soon it matters
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent or task
 */
export async function scheduleTask(
  options: NounOptions & {
    readonly agent: string;
    readonly task: string;
    readonly description?: string;
    readonly priority?: string;
  },
  context: CommandContext,
): Promise<number> {
  const asked = options.priority === undefined ? undefined : wordAmong(options.priority, priorities);
  return operateOn(
    async (api) => {
      const agent = await findAgent(options.agent, api);
      const declared = await declaredTask(options.task, { agent, api });
      return {
        operation: { type: "task.schedule", agent: agent.id, key: declared.key, priority: asked ?? declared.priority },
        contents: { description: Buffer.from(options.description ?? declared.key).toString("base64") },
      };
    },
    { options, context, doing: `schedule the task ${options.task}` },
  );
}

/**
 * Gives up a task.
 *
 * @param options - the task's id, or its key and its agent, and why
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such task
 */
export async function cancelTask(
  options: NounOptions & { readonly task: string; readonly agent?: string; readonly reason: string },
  context: CommandContext,
): Promise<number> {
  const reason = wordAmong(options.reason, cancelReasons);
  const { agent } = options;
  return operateOn(
    async (api) => {
      const of = agent === undefined ? undefined : await findAgent(agent, api);
      const { rows } = await api.state("tasks");
      const named = rows
        .filter((task) => of === undefined || task.agent === of.id)
        .map((task) => ({ id: task.id, name: task.key }));
      const task = findRow(options.task, { rows: named, what: "task" });
      return { operation: { type: "task.cancel", task: task.id, reason, inputs: [] }, contents: {} };
    },
    { options, context, doing: `cancel the task ${options.task}` },
  );
}

async function findAgent(name: string, api: VaultApi): Promise<AgentRow> {
  const { rows } = await api.state("agents");
  return findRow(name, { rows, what: "agent" });
}

async function declaredTask(
  given: string,
  { agent, api }: { readonly agent: AgentRow; readonly api: VaultApi },
): Promise<{ readonly key: string; readonly priority: string }> {
  const { rows } = await api.state("definitions");
  const tasks = rows.find((row) => row.id === agent.definition)?.tasks ?? [];
  const wanted = simplify(given);
  const found = tasks.find((task) => task.key === given) ?? tasks.find((task) => simplify(task.key) === wanted);
  if (found !== undefined) return found;
  const keys = tasks.map((task) => task.key);
  throw new ServiceFailure("task_not_declared", {
    message: `Cannot schedule the task ${given}: the definition of the agent ${agent.name} declares none of that name${suggestion(given, keys)}`,
  });
}

/** A task is meant by its key however its words are put together. */
function simplify(text: string): string {
  return text.toLowerCase().replaceAll(/[^a-z0-9]+/gu, "-");
}
