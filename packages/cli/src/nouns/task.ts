/**
 * `toka task`: the command lines.
 */
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";
import { addNoun } from "./noun.ts";

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addTask(program: Command, frame: Frame): void {
  const task = addNoun(program, { name: "task", purpose: "Look at tasks of live agents, schedule them, give them up" });
  jsonCommand(task, "list")
    .description("List the tasks that are scheduled or running")
    .option("--agent <name|id>", "only this agent's")
    .addHelpText("after", example("toka task list"))
    .action(async (options: NounOptions & { agent?: string }) => {
      const { listTasks } = await import("../commands/task.ts");
      await perform(frame, options, listTasks);
    });
  jsonCommand(task, "schedule")
    .description("Put a task that an agent's definition declares on its list; whoever runs the agent starts it")
    .argument("<agent>", "name or id of a live agent")
    .argument("<task>", "key of a task that its definition declares")
    .option("--priority <word>", "critical, high, medium or low (default: the declared one)")
    .option("--description <text>", "what it is to do, for the log (default: its key)")
    .addHelpText("after", example("toka task schedule greeter look-round --priority high"))
    .action(async (agent: string, key: string, options: NounOptions & { priority?: string; description?: string }) => {
      const { scheduleTask } = await import("../commands/task.ts");
      await perform(frame, { ...options, agent, task: key }, scheduleTask);
    });
  jsonCommand(task, "cancel")
    .description("Give up a task; tasks that wait for it will not start")
    .argument("<task>", "id, or key")
    .option("--agent <name|id>", "whose task, where several have one of that key")
    .option("--reason <word>", "operator, not-needed, superseded or other", "operator")
    .addHelpText("after", example("toka task cancel look-round --agent greeter"))
    .action(async (key: string, options: NounOptions & { agent?: string; reason: string }) => {
      const { cancelTask } = await import("../commands/task.ts");
      await perform(frame, { ...options, task: key }, cancelTask);
    });
}
