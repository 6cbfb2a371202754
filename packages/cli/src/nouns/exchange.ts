/**
 * `toka approval`, `toka message`, `toka observation` and `toka alert`: the command lines.
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
export function addApproval(program: Command, frame: Frame): void {
  const approval = addNoun(program, {
    name: "approval",
    purpose: "Look at effects that wait for a yes or no, and answer",
  });
  jsonCommand(approval, "list")
    .description("List the effects that wait for an approval")
    .addHelpText("after", example("toka approval list"))
    .action(async (options: NounOptions) => {
      const { listApprovals } = await import("../commands/approval.ts");
      await perform(frame, options, listApprovals);
    });
  jsonCommand(approval, "show")
    .description("Show exactly what will run when it is allowed: program, arguments as they are, and what it may touch")
    .argument("<effect>", "its id")
    .addHelpText("after", example("toka approval show effect-41-0"))
    .action(async (effect: string, options: NounOptions) => {
      const { showApproval } = await import("../commands/approval.ts");
      await perform(frame, { ...options, effect }, showApproval);
    });
  jsonCommand(approval, "answer")
    .description("Allow or deny an effect; what is allowed is exactly what toka approval show shows")
    .argument("<effect>", "its id")
    .argument("<answer>", "allow or deny")
    .requiredOption("--reason <text>", "why, for the log")
    .addHelpText("after", example("toka approval answer effect-41-0 deny --reason 'not on a Friday'"))
    .action(async (effect: string, answer: string, options: NounOptions & { reason: string }) => {
      const { answerApproval } = await import("../commands/approval.ts");
      await perform(frame, { ...options, effect, answer }, answerApproval);
    });
}

/**
 * Adds the noun.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addMessage(program: Command, frame: Frame): void {
  const message = addNoun(program, { name: "message", purpose: "Look at messages that wait, and send some" });
  jsonCommand(message, "list")
    .description("List the messages that wait to be acknowledged")
    .option("--to <name|id>", "only those to this principal")
    .addHelpText("after", example("toka message list"))
    .action(async (options: NounOptions & { to?: string }) => {
      const { listMessages } = await import("../commands/message.ts");
      await perform(frame, options, listMessages);
    });
  jsonCommand(message, "send")
    .description("Send a message to an agent, or to everybody who listens to a topic")
    .argument("<text>", "what it says; - takes the standard input")
    .option("--to <name|id>", "a live agent")
    .option("--topic <name>", "a topic")
    .addHelpText("after", example("toka message send 'the build is green' --topic builds"))
    .action(async (text: string, options: NounOptions & { to?: string; topic?: string }) => {
      const { sendMessage } = await import("../commands/message.ts");
      await perform(frame, { ...options, text }, sendMessage);
    });
  addListening(message, frame);
}

function addListening(message: Command, frame: Frame): void {
  jsonCommand(message, "subscribe")
    .description("Get what is sent to a topic from now on")
    .argument("<topic>", "its name; a topic is there as long as somebody listens or speaks")
    .addHelpText("after", example("toka message subscribe findings"))
    .action(async (topic: string, options: NounOptions) => {
      const { listenTo } = await import("../commands/message.ts");
      await perform(frame, { ...options, topic, on: true }, listenTo);
    });
  jsonCommand(message, "unsubscribe")
    .description("Get nothing more that is sent to a topic")
    .argument("<topic>", "its name")
    .addHelpText("after", example("toka message unsubscribe findings"))
    .action(async (topic: string, options: NounOptions) => {
      const { listenTo } = await import("../commands/message.ts");
      await perform(frame, { ...options, topic, on: false }, listenTo);
    });
  jsonCommand(message, "acknowledge")
    .description("Be done with a message to you, which then waits no longer")
    .argument("<message>", "its id")
    .addHelpText("after", example("toka message acknowledge message-40-0"))
    .action(async (id: string, options: NounOptions) => {
      const { acknowledgeMessage } = await import("../commands/message.ts");
      await perform(frame, { ...options, message: id }, acknowledgeMessage);
    });
}

/**
 * Adds the nouns.
 *
 * @param program - the program
 * @param frame - streams and exit code
 */
export function addSignals(program: Command, frame: Frame): void {
  const observation = addNoun(program, {
    name: "observation",
    purpose: "Look at what was observed, and note something",
  });
  jsonCommand(observation, "list")
    .description("List the observations in the log, the newest last")
    .option("--agent <name|id>", "only what concerns this agent")
    .addHelpText("after", example("toka observation list"))
    .action(async (options: NounOptions & { agent?: string }) => {
      const { listObservations } = await import("../commands/signal.ts");
      await perform(frame, options, listObservations);
    });
  jsonCommand(observation, "emit")
    .description("Note something that was observed")
    .argument("<kind>", "a word for what it is, such as finding")
    .argument("<text>", "what was observed; - takes the standard input")
    .option("--agent <name|id>", "the agent that it is of (default: your own)")
    .option("--confidence <number>", "from 0 to 1", "1")
    .option("--meta <pair...>", "NAME=VALUE, to be searched for", [])
    .addHelpText(
      "after",
      example("toka observation emit finding 'the cache is cold' --confidence 0.8 --meta host=web-1"),
    )
    .action(
      async (
        kind: string,
        text: string,
        options: NounOptions & { agent?: string; confidence: string; meta: string[] },
      ) => {
        const { emitObservation } = await import("../commands/signal.ts");
        await perform(frame, { ...options, kind, text }, emitObservation);
      },
    );
  const alert = addNoun(program, { name: "alert", purpose: "Look at alerts, and raise one" });
  jsonCommand(alert, "list")
    .description("List the alerts in the log, the newest last")
    .option("--agent <name|id>", "only what concerns this agent")
    .addHelpText("after", example("toka alert list"))
    .action(async (options: NounOptions & { agent?: string }) => {
      const { listAlerts } = await import("../commands/signal.ts");
      await perform(frame, options, listAlerts);
    });
  jsonCommand(alert, "raise")
    .description("Raise an alert")
    .argument("<code>", "a word by which alerts of one kind are known, such as disk.full")
    .argument("<title>", "one line, for people")
    .option("--severity <word>", "info, warning, error or critical", "warning")
    .option("--agent <name|id>", "the agent that it is of (default: your own)")
    .option("--text <text>", "what there is to say about it; - takes the standard input")
    .addHelpText("after", example("toka alert raise disk.full 'the disk of web-1 is full' --severity error"))
    .action(
      async (
        code: string,
        title: string,
        options: NounOptions & { agent?: string; severity: string; text?: string },
      ) => {
        const { raiseAlert } = await import("../commands/signal.ts");
        await perform(frame, { ...options, code, title }, raiseAlert);
      },
    );
}
