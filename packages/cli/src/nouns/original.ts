/**
 * The names that the original's command line had, for who knows them: each is another name for a command above.
 */
import type { Command } from "commander";

import type { NounOptions } from "../commands/vault-rows.ts";
import { example, type Frame, jsonCommand, perform } from "../frame.ts";

/**
 * Adds the names. `daemon` and `query-state` are plain aliases, where the commands themselves are.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addOriginalNames(program: Command, frame: Frame): void {
  jsonCommand(program, "spawn-agent")
    .helpGroup("Names of the original:")
    .description("toka agent spawn NAME")
    .requiredOption("--name <name>", "of an agent file in the workspace")
    .addHelpText("after", example("toka spawn-agent --name greeter"))
    .action(async (options: NounOptions & { name: string }) => {
      const { spawnAgent } = await import("../commands/agent-begin.ts");
      await perform(frame, { ...options, agent: options.name }, spawnAgent);
    });
  jsonCommand(program, "schedule-task")
    .helpGroup("Names of the original:")
    .description("toka task schedule AGENT TASK")
    .requiredOption("--agent <name|id>", "of a live agent")
    .requiredOption("--description <task>", "key of a task that its definition declares, in any spelling")
    .addHelpText("after", example('toka schedule-task --agent greeter --description "look round"'))
    .action(async (options: NounOptions & { agent: string; description: string }) => {
      const { scheduleTask } = await import("../commands/task.ts");
      await perform(frame, { ...options, task: options.description }, scheduleTask);
    });
}
