/**
 * `toka policy`: what is forbidden, approved first or agreed, for everybody in the vault.
 */
import { resolve } from "node:path";

import { askVault, files, type StateRows, type VaultApi } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson, showOnOneLine } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { asking, placesOf } from "./places.ts";
import { findRow, type NounOptions, operateOn, reading, type Receipt, tellReceipt, tellRows } from "./vault-rows.ts";

type PolicyRow = StateRows["policies"];

const heads = ["NAME", "EFFECT", "SINCE", "WHEN"] as const;

/**
 * Lists the policies in force.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listPolicies(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("policies"));
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  return tellRows(answer, { options, context, area: "policies", none: "no policy is in force", lines });
}

function cellsOf({ id, effect, position, source, withinMs }: PolicyRow): readonly string[] {
  const within = withinMs === null ? "" : ` within ${withinMs / 1000}s`;
  return [id, `${effect}${within}`, `entry ${position}`, showOnOneLine(source)];
}

/**
 * Enacts the policies of a file that are not in force as they stand there; makes a vault where there is none.
 *
 * @param options - the file
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when the file has problems, or the vault cannot be asked
 */
export async function setPolicies(
  options: NounOptions & { readonly file: string },
  context: CommandContext,
): Promise<number> {
  const wanted = await files.readPolicies(resolve(context.cwd, options.file));
  const use = async (api: VaultApi): Promise<Receipt | undefined> => {
    const { rows } = await api.state("policies");
    const operations = wanted.filter(({ name, rule }) => {
      const row = rows.find(({ id }) => id === name);
      return row === undefined || textOf(row) !== (rule === null ? "" : textOf(rule));
    });
    if (operations.length === 0) return undefined;
    return api.operate({ operation: { type: "batch", operations }, contents: {} });
  };
  // What may never happen is said best before anything does, hence also of a vault that is not there yet.
  const receipt = await askVault(placesOf(options, context), { ...asking(context, "write"), create: true, use });
  if (receipt !== undefined) return tellReceipt(receipt, { options, context, doing: `set ${options.file}` });
  const line = options.json
    ? showAsJson({ ok: true, position: null, events: [] })
    : `nothing to do: ${wanted.length === 1 ? "the policy is" : `all ${wanted.length} policies are`} in force as the file has it`;
  await writeLine(context.stdout, line);
  return exitDone;
}

function textOf({
  effect,
  source,
  when,
  withinMs,
}: Pick<PolicyRow, "effect" | "source" | "when" | "withinMs">): string {
  return JSON.stringify([effect, source, when, withinMs]);
}

/**
 * Lifts a policy.
 *
 * @param options - its name
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when no such policy is in force
 */
export async function removePolicy(
  options: NounOptions & { readonly name: string },
  context: CommandContext,
): Promise<number> {
  return operateOn(
    async (api) => {
      const { rows } = await api.state("policies");
      const { id } = findRow(options.name, { rows, what: "policy" });
      return { operation: { type: "policy.set", name: id, rule: null }, contents: {} };
    },
    { options, context, doing: `remove the policy ${options.name}` },
  );
}
