/**
 * `toka agent`: the command lines.
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
export function addAgent(program: Command, frame: Frame): void {
  const agent = addNoun(program, { name: "agent", purpose: "Look at agents, make them, stop them, let them go on" });
  jsonCommand(agent, "list")
    .description("List the live agents")
    .option("--capability <name>", "only agents whose file names it")
    .option("--domain <name>", "only agents whose file names it")
    .option("--state <state>", "only agents that are running, or suspended")
    .addHelpText(
      "after",
      example("toka agent list", "toka agent list --capability charts --domain documentation --state running --json"),
    )
    .action(async (options: NounOptions & { capability?: string; domain?: string; state?: string }) => {
      const { listAgents } = await import("../commands/agent.ts");
      await perform(frame, options, listAgents);
    });
  jsonCommand(agent, "show")
    .description("Show one agent: its tasks, objectives, grant and budget")
    .argument("<name|id>", "of a live agent")
    .addHelpText("after", example("toka agent show curious"))
    .action(async (name: string, options: NounOptions) => {
      const { showAgent } = await import("../commands/agent.ts");
      await perform(frame, { ...options, name }, showAgent);
    });
  agent
    .command("new")
    .description("Write an agent file to begin with")
    .argument("<name>", "lower-case words joined by hyphens")
    .option("--dir <folder>", "where to (default: the folder you are in)")
    .addHelpText("after", example("toka agent new greeter"))
    .action(async (name: string, options: { dir?: string }) => {
      const { newAgent } = await import("../commands/agent-begin.ts");
      await perform(frame, { ...options, name }, newAgent);
    });
  jsonCommand(agent, "spawn")
    .description("Spawn an agent in a session of its own; who holds the vault runs it, or the next toka serve")
    .argument("<file|name>", "agent file, or its name without .yaml in the workspace")
    .addHelpText("after", example("toka agent spawn greeter.yaml"))
    .action(async (file: string, options: NounOptions) => {
      const { spawnAgent } = await import("../commands/agent-begin.ts");
      await perform(frame, { ...options, agent: file }, spawnAgent);
    });
  jsonCommand(agent, "suspend")
    .description("Let an agent start nothing until it is resumed; what is under way goes on")
    .argument("<name|id>", "of a live agent")
    .option("--reason <word>", "resource-management, administrative, maintenance or other", "administrative")
    .addHelpText("after", example("toka agent suspend curious --reason maintenance"))
    .action(async (name: string, options: NounOptions & { reason: string }) => {
      const { suspendAgent } = await import("../commands/agent.ts");
      await perform(frame, { ...options, name }, suspendAgent);
    });
  jsonCommand(agent, "resume")
    .description("Let a suspended agent go on")
    .argument("<name|id>", "of a suspended agent")
    .addHelpText("after", example("toka agent resume curious"))
    .action(async (name: string, options: NounOptions) => {
      const { resumeAgent } = await import("../commands/agent.ts");
      await perform(frame, { ...options, name }, resumeAgent);
    });
  jsonCommand(agent, "terminate")
    .description("End an agent, the agents it spawned, and their grants, budgets and open tasks")
    .argument("<name|id>", "of a live agent")
    .option("--reason <word>", "killed, crashed, resource-limit, timeout or other", "killed")
    .addHelpText("after", example("toka agent terminate curious"))
    .action(async (name: string, options: NounOptions & { reason: string }) => {
      const { terminateAgent } = await import("../commands/agent.ts");
      await perform(frame, { ...options, name }, terminateAgent);
    });
}
