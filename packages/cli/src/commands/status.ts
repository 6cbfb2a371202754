/**
 * `toka status`: what lives in the vault now.
 */
import { askVault, type VaultStatus } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAmounts } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { toldLines } from "../output/told.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/**
 * Prints the state at the head of the log.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault or it cannot be opened
 */
export async function runStatus(
  options: PlaceOptions & { readonly json: boolean },
  context: CommandContext,
): Promise<number> {
  const status = await askVault(placesOf(options, context), {
    ...asking(context, "read"),
    use: async (api) => api.status(),
  });
  const lines = options.json ? [showAsJson(status)] : describeStatus(status);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function describeStatus(status: VaultStatus): readonly string[] {
  const { vault, head } = status;
  const owed = status.owed.map(
    (effect) => `  owed ${effect.id}: ${showOnOneLine(effect.tool ?? effect.kind)} for ${showOnOneLine(effect.label)}`,
  );
  return [
    `vault ${vault.name} (${vault.id}) at ${showOnOneLine(vault.dir)}`,
    `head ${head.position}, ${new Date(head.timeMs).toISOString()}, ${head.digest}`,
    describeServing(status),
    ...(status.held ? ["held: nothing starts until toka resume lets it"] : []),
    `budget: ${showAmounts(status.budget.used)} used`,
    `effects in flight: ${status.effectsInFlight}, owed: ${status.owed.length}`,
    ...owed,
    ...(status.failures.length === 0 ? [] : ["failed of late:"]),
    ...status.failures.flatMap((failed) => [
      `  entry ${failed.position}: ${showOnOneLine(failed.tool ?? "a program")} for ${showOnOneLine(failed.agent)}${failed.step === null ? "" : `, step ${showOnOneLine(failed.step)}`}`,
      ...toldLines(failed).map((line) => `    ${line}`),
    ]),
    status.sessions.length === 0 ? "no open session" : `open sessions: ${status.sessions.length}`,
    ...status.sessions.flatMap((session) => [
      `  ${session.id} ${showOnOneLine(session.name)}`,
      ...session.agents.map((agent) => `    ${showOnOneLine(agent.name)}: ${agent.status}`),
    ]),
    status.agents.length === 0 ? "no live agents" : `live agents: ${status.agents.length}`,
    ...status.agents.map(
      (agent) =>
        `  ${agent.id} ${showOnOneLine(agent.name)}: ${agent.state}${agent.task === null ? "" : `, task ${showOnOneLine(agent.task)}`}, used ${showAmounts(agent.used)}`,
    ),
  ];
}

function describeServing({ served }: VaultStatus): string {
  if (served === null) return "served by nobody";
  const { pid, addresses } = served;
  return `served by process ${pid}${addresses.length === 0 ? "" : `, on loopback at ${addresses.join(" and ")}`}`;
}
