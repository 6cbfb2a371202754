/**
 * `toka why N`: the story of one entry.
 */
import { askVault, type Explanation, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAmounts } from "../output/amounts.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { toldLines } from "../output/told.ts";
import { asking, type PlaceOptions, placesOf } from "./places.ts";

/** Permissions of one grant that are shown; `--json` has all. */
const permissionsShown = 12;

/**
 * Prints who asked, under which grants and budgets, and why the entry came out as it did.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such entry or vault
 */
export async function runWhy(
  options: PlaceOptions & { readonly position: number; readonly json: boolean },
  context: CommandContext,
): Promise<number> {
  const use = async (api: VaultApi): Promise<Explanation> => api.why(options.position);
  const explanation = await askVault(placesOf(options, context), { ...asking(context, "read"), use });
  const lines = options.json ? [showAsJson(explanation)] : tell(explanation);
  for (const line of lines) await writeLine(context.stdout, line);
  return exitDone;
}

function named(id: string, name: string | null): string {
  return name === null ? id : `${id} (${showOnOneLine(name)})`;
}

function tell(explanation: Explanation): readonly string[] {
  const { principal, policy, approval, grants, budgets, causes, events } = explanation;
  return [
    `entry ${explanation.position}: ${explanation.operation} was ${explanation.verdict}`,
    `  when: ${new Date(explanation.timeMs).toISOString()}`,
    `  asked by: ${named(principal.id, principal.name)}, proven by ${explanation.proof}`,
    `  why: ${showOnOneLine(explanation.reason)}`,
    ...(explanation.told === null ? [] : toldLines(explanation.told).map((line) => `  ${line}`)),
    ...(policy === null
      ? []
      : [
          `  policy: ${policy.name} (${policy.effect}), from entry ${policy.position}: ${showOnOneLine(policy.source)}`,
        ]),
    ...(approval === null
      ? []
      : [
          `  approval: ${approval.answer} by ${named(approval.by.id, approval.by.name)}, entry ${approval.position}: ${showOnOneLine(approval.reason)}`,
        ]),
    ...(events.length === 0 ? [] : [`  events: ${events.join(", ")}`]),
    ...(causes.length === 0 ? [] : [`  caused by entries: ${causes.join(", ")}`]),
    ...(grants.length === 0
      ? ["  grants: none, asked by the host or under no grant"]
      : ["  grants, the one used first:"]),
    ...grants.flatMap((grant) => [
      `    ${grant.id} of ${named(grant.holder, grant.holderName)}, from entry ${grant.issuedAt}${grant.expiresAtMs === null ? "" : `, until ${new Date(grant.expiresAtMs).toISOString()}`}`,
      ...grant.permissions.slice(0, permissionsShown).map((permission) => `      ${showOnOneLine(permission)}`),
      ...(grant.permissions.length > permissionsShown
        ? [`      and ${grant.permissions.length - permissionsShown} more`]
        : []),
    ]),
    ...(budgets.length === 0 ? [] : ["  budgets, the one charged first:"]),
    ...budgets.map(
      (budget) =>
        `    ${budget.id} of ${budget.holder}, from entry ${budget.madeAt}: allotted ${showAmounts(budget.allotment)}`,
    ),
    `  digest: ${explanation.digest}`,
  ];
}
