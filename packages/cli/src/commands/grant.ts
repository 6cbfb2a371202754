/**
 * `toka grant`: who may do what.
 */
import { type StateRows, spanFrom, type VaultApi } from "@toka/service";

import { type CommandContext } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { growTree, treeLines } from "../output/table.ts";
import { UsageError } from "../usage-error.ts";
import { findRow, type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";

type GrantRow = StateRows["grants"];

/** Permissions of one grant that are shown; `--all` and `--json` have all. */
const permissionsShown = 6;

/**
 * Prints the tree of live grants.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function showGrantTree(
  options: NounOptions & { readonly all: boolean },
  context: CommandContext,
): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("grants"));
  const max = options.all ? Number.POSITIVE_INFINITY : permissionsShown;
  const lines = (): readonly string[] => treeLines(growTree(answer.rows, (grant) => linesOf(grant, max)));
  return tellRows(answer, { options, context, area: "grants", none: "no live grants", lines });
}

function linesOf(grant: GrantRow, max: number): readonly string[] {
  const { permissions, depthLeft } = grant;
  const until = grant.expiresAtMs === null ? "" : `, until ${new Date(grant.expiresAtMs).toISOString()}`;
  const depth = depthLeft === 0 ? ", not to be passed on" : "";
  return [
    `${grant.id} of ${showOnOneLine(grant.holderName)} (${grant.holder})${until}${depth}`,
    ...permissions.slice(0, max).map((permission) => `  ${showOnOneLine(permission)}`),
    ...(permissions.length > max ? [`  and ${permissions.length - max} more`] : []),
  ];
}

/**
 * Passes part of the operator's grant on.
 *
 * @param options - to whom, what, out of which grant and for how long
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such principal or grant
 */
export async function delegateGrant(
  options: NounOptions & {
    readonly to: string;
    readonly permissions: readonly string[];
    readonly from?: string;
    readonly for?: string;
  },
  context: CommandContext,
): Promise<number> {
  const span = options.for === undefined ? undefined : await spanFrom(options.for);
  if (options.for !== undefined && span === undefined)
    throw new UsageError(`Cannot use --for ${options.for}: wanted a span such as 15m, 2h or 7d`);
  return operateOn(
    async (api) => {
      const holder = await findPrincipal(options.to, api);
      const { rows } = await api.state("grants");
      const parent = options.from === undefined ? rows[0] : findRow(options.from, { rows, what: "grant" });
      const { permissions } = options;
      const expiresAtMs = span === undefined ? (parent?.expiresAtMs ?? null) : (await api.status()).hostTimeMs + span;
      const operation = { type: "grant.delegate", to: holder.id, parent: parent?.id, permissions, expiresAtMs };
      return { operation, contents: {} };
    },
    { options, context, doing: `delegate to ${options.to}` },
  );
}

/**
 * Ends a grant and all below it.
 *
 * @param options - the grant's id
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when there is no such grant
 */
export async function revokeGrant(
  options: NounOptions & { readonly grant: string },
  context: CommandContext,
): Promise<number> {
  return operateOn(
    async (api) => {
      const { rows } = await api.state("grants");
      const grant = findRow(options.grant, { rows, what: "grant" });
      return { operation: { type: "grant.revoke", grant: grant.id }, contents: {} };
    },
    { options, context, doing: `revoke ${options.grant}` },
  );
}

/**
 * Finds a principal by its name or id.
 *
 * @param name - as given
 * @param api - of the vault
 * @returns its row
 * @throws a failure when there is none
 */
export async function findPrincipal(name: string, api: VaultApi): Promise<{ readonly id: string }> {
  const { rows } = await api.state("principals");
  return findRow(name, { rows, what: "principal" });
}
