/**
 * `toka principal`: who can hold rights and budgets.
 */
import type { CommandContext } from "../context.ts";
import { tableLines } from "../output/table.ts";
import { type NounOptions, operateOn, reading, tellRows } from "./vault-rows.ts";
import { wordAmong } from "./words.ts";

const heads = ["ID", "NAME", "KIND", "AGENT"] as const;

/**
 * Lists the principals.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listPrincipals(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("principals"));
  const cells = answer.rows.map((row) => [row.id, row.name, row.kind, row.agent ?? "none"]);
  const lines = (): readonly string[] => tableLines(cells, { heads, terminal: context.stdoutIsTerminal });
  return tellRows(answer, { options, context, area: "principals", none: "no principals", lines });
}

/**
 * Makes somebody known.
 *
 * @param options - the name and the kind
 * @param context - streams and environment
 * @returns 0, or 1 when the kernel refuses
 * @throws a failure when the vault cannot be asked
 */
export async function registerPrincipal(
  options: NounOptions & { readonly name: string; readonly kind: string },
  context: CommandContext,
): Promise<number> {
  const kind = wordAmong(options.kind, ["person", "service", "agent"]);
  return operateOn(
    async () => ({ operation: { type: "principal.register", name: options.name, kind }, contents: {} }),
    { options, context, doing: `register ${options.name}` },
  );
}
