/**
 * `toka message`: messages to agents and topics.
 */
import type { StateRows } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { tellNone } from "../output/told.ts";
import { UsageError } from "../usage-error.ts";
import { contentFrom, contentOf, type ShownContent } from "./contents.ts";
import { findRow, type NounOptions, operateOn, reading } from "./vault-rows.ts";

const heads = ["ID", "FROM", "TO", "SENT", "SAYS"] as const;
/** Messages whose text is read in one answer; each takes a call. */
const textsMax = 200;

/**
 * Lists the messages that wait to be acknowledged.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listMessages(
  options: NounOptions & { readonly to?: string },
  context: CommandContext,
): Promise<number> {
  const { total, left, messages } = await reading({ options, context }, async (api) => {
    const answer = await api.state("messages");
    const rows = answer.rows.filter((row) => options.to === undefined || [row.to, row.toName].includes(options.to));
    const shown = rows.slice(0, textsMax);
    const texts = await Promise.all(shown.map(async ({ id, content }) => contentOf(api, { id, commitment: content })));
    return {
      total: options.to === undefined ? answer.total : rows.length,
      left: rows.length - shown.length,
      messages: shown.map((row, index) => ({ ...row, says: texts[index] ?? { text: null, base64: null } })),
    };
  });
  if (messages.length === 0 && !options.json) return tellNone(context, "no message waits");
  const terminal = context.stdoutIsTerminal;
  const lines = options.json
    ? [showAsJson({ total, messages })]
    : [...tableLines(messages.map(cellsOf), { heads, terminal }), ...(left > 0 ? [`and ${left} more`] : [])];
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function cellsOf(message: StateRows["messages"] & { readonly says: ShownContent }): readonly string[] {
  const to = message.topic === null ? message.toName : `${message.toName} by ${message.topic}`;
  const says = message.says.text ?? (message.says.base64 === null ? "(erased)" : `(${message.bytes} bytes)`);
  return [message.id, message.sender, to, new Date(message.sentAtMs).toISOString(), says];
}

/**
 * Sends a message to an agent, or to everybody who listens to a topic.
 *
 * @param options - the text, and where to
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such agent; UsageError when no recipient or two are given
 */
export async function sendMessage(
  options: NounOptions & { readonly text: string; readonly to?: string; readonly topic?: string },
  context: CommandContext,
): Promise<number> {
  const { to, topic } = options;
  if ((to === undefined) === (topic === undefined))
    throw new UsageError("Cannot send the message: give --to AGENT or --topic NAME, one of them");
  const content = await contentFrom(options.text, context);
  return operateOn(
    async (api) => {
      const { rows } = to === undefined ? { rows: [] } : await api.state("agents");
      const agent = to === undefined ? null : findRow(to, { rows, what: "agent" }).id;
      return { operation: { type: "message.send", agent, topic: topic ?? null }, contents: { content } };
    },
    { options, context, doing: "send the message" },
  );
}

/**
 * Begins or ceases to listen to a topic.
 *
 * @param options - the topic, and which of the two
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no vault
 */
export async function listenTo(
  options: NounOptions & { readonly topic: string; readonly on: boolean },
  context: CommandContext,
): Promise<number> {
  const { topic, on } = options;
  const operation = { type: on ? "topic.subscribe" : "topic.unsubscribe", topic };
  const doing = on ? `listen to ${topic}` : `cease to listen to ${topic}`;
  return operateOn(async () => ({ operation, contents: {} }), { options, context, doing });
}

/**
 * Is done with a message.
 *
 * @param options - its id
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when no message of that id waits
 */
export async function acknowledgeMessage(
  options: NounOptions & { readonly message: string },
  context: CommandContext,
): Promise<number> {
  return operateOn(
    async (api) => {
      const { rows } = await api.state("messages");
      const { id } = findRow(options.message, { rows: rows.map((row) => ({ id: row.id })), what: "message" });
      return { operation: { type: "message.acknowledge", message: id }, contents: {} };
    },
    { options, context, doing: `acknowledge ${options.message}` },
  );
}
