/**
 * `toka session`: open sessions.
 */
import { endOfSession, type StateRows, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { countOf } from "../output/told.ts";
import { findRow, type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";
import { wordAmong } from "./words.ts";

type SessionRow = StateRows["sessions"];

const heads = ["ID", "NAME", "WAVE", "AGENTS", "LIVE", "WORKSPACE"] as const;

type NamedOptions = NounOptions & { readonly name: string };

/**
 * Lists the open sessions.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listSessions(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("sessions"));
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  return tellRows(answer, {
    options,
    context,
    area: "sessions",
    none: "no session is open; toka run FILE starts one",
    lines,
  });
}

function cellsOf(session: SessionRow): readonly string[] {
  const over = session.agents.filter((agent) => agent.state !== "waiting" && agent.state !== "live").length;
  const live = session.agents.filter((agent) => agent.state === "live").length;
  const agents = `${over}/${session.agents.length} over`;
  return [session.id, session.name, String(session.wave), agents, String(live), session.workspace];
}

/**
 * Shows one session.
 *
 * @param options - its name or id
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such session
 */
export async function showSession(options: NamedOptions, context: CommandContext): Promise<number> {
  const session = await reading({ options, context }, async (api) => findSession(options.name, api));
  const lines = options.json ? [showAsJson(session)] : tell(session);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function tell(session: SessionRow): readonly string[] {
  return [
    `${session.id} ${showOnOneLine(session.name)}: wave ${session.wave}, at most ${countOf(session.concurrencyMax, "agents")} at once, ${session.onFailure} on a failure, ${countOf(session.restartsMax, "restarts")}`,
    `  workspace ${showOnOneLine(session.workspace)}`,
    `  output ${showOnOneLine(session.output)}`,
    ...session.agents.map((agent) => {
      const after =
        agent.dependsOn.length === 0 ? "" : `, after ${agent.dependsOn.map((one) => showOnOneLine(one)).join(", ")}`;
      const id = agent.agent === null ? "" : ` (${agent.agent})`;
      return `  ${showOnOneLine(agent.name)}: ${agent.state}${id}${after}`;
    }),
  ];
}

/**
 * Ends a session: its live agents with it, in one entry of the log.
 *
 * @param options - its name or id, and how it counts
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such session
 */
export async function endSession(
  options: NamedOptions & { readonly outcome: string },
  context: CommandContext,
): Promise<number> {
  const outcome = wordAmong(options.outcome, ["completed", "failed", "cancelled"]);
  return operateOn(
    async (api) => {
      const session = await findSession(options.name, api);
      const { rows } = await api.state("budgets");
      return { operation: endOfSession(session, { outcome, budgets: rows }), contents: {} };
    },
    { options, context, doing: `end the session ${options.name}` },
  );
}

async function findSession(name: string, api: VaultApi): Promise<SessionRow> {
  const { rows } = await api.state("sessions");
  return findRow(name, { rows, what: "session" });
}
