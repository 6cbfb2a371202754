/**
 * `toka lease`: who alone owns what is called so.
 */
import { spanFrom, type StateRows } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showOnOneLine } from "../output/plain.ts";
import { tableLines } from "../output/table.ts";
import { UsageError } from "../usage-error.ts";
import { type NounOptions, operateOn, reading, tellReceipt, tellRows, writing } from "./vault-rows.ts";

type LeaseRow = StateRows["leases"];

type NamedOptions = NounOptions & { readonly resource: string };

const heads = ["NAME", "EPOCH", "OWNER", "UNTIL"] as const;

/**
 * Lists the leases in force.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no vault
 */
export async function listLeases(options: NounOptions, context: CommandContext): Promise<number> {
  const answer = await reading({ options, context }, async (api) => api.state("leases"));
  const terminal = context.stdoutIsTerminal;
  const lines = (): readonly string[] => tableLines(answer.rows.map(cellsOf), { heads, terminal });
  return tellRows(answer, { options, context, area: "leases", none: "nobody owns anything alone", lines });
}

function cellsOf({ id, epoch, holderName, expiresAtMs }: LeaseRow): readonly string[] {
  return [id, String(epoch), showOnOneLine(holderName), new Date(expiresAtMs).toISOString()];
}

/**
 * Takes a lease in the operator's name.
 *
 * @param options - the name of what is to be owned, and for how long
 * @param context - streams and environment
 * @returns 0, or 1 when somebody owns it
 * @throws a failure when the vault cannot be asked
 */
export async function takeLease(
  options: NamedOptions & { readonly for: string },
  context: CommandContext,
): Promise<number> {
  const { resource } = options;
  const forMs = await spanOf(options.for);
  const receipt = await writing({ options, context }, async (api) =>
    api.operate({ operation: { type: "lease.take", resource, forMs }, contents: {} }),
  );
  const { outcome } = receipt;
  const taken = "events" in outcome ? outcome.events.find((event) => event.type === "lease.taken") : undefined;
  if (taken === undefined || options.json) return tellReceipt(receipt, { options, context, doing: `take ${resource}` });
  const until = new Date(taken.expiresAtMs).toISOString();
  await writeLine(context.stdout, `${showOnOneLine(resource)} is yours with epoch ${taken.epoch} until ${until}`);
  return exitDone;
}

/**
 * Renews a lease of the operator's.
 *
 * @param options - the name, the epoch that it was taken with, and for how long from now
 * @param context - streams and environment
 * @returns 0, or 1 when it is not his any more
 * @throws a failure when the vault cannot be asked
 */
export async function renewLease(
  options: NamedOptions & { readonly epoch: string; readonly for: string },
  context: CommandContext,
): Promise<number> {
  const { resource } = options;
  const forMs = await spanOf(options.for);
  const operation = { type: "lease.renew", resource, epoch: epochOf(options.epoch), forMs };
  const doing = `renew ${resource}`;
  return operateOn(async () => ({ operation, contents: {} }), { options, context, doing });
}

/**
 * Releases a lease.
 *
 * @param options - the name, and the epoch that it was taken with
 * @param context - streams and environment
 * @returns 0, or 1 when that lease is over
 * @throws a failure when the vault cannot be asked
 */
export async function releaseLease(
  options: NamedOptions & { readonly epoch: string },
  context: CommandContext,
): Promise<number> {
  const { resource } = options;
  const operation = { type: "lease.release", resource, epoch: epochOf(options.epoch) };
  const doing = `release ${resource}`;
  return operateOn(async () => ({ operation, contents: {} }), { options, context, doing });
}

function epochOf(text: string): number {
  const epoch = /^[1-9][0-9]{0,14}$/u.test(text) ? Number(text) : undefined;
  if (epoch === undefined)
    throw new UsageError(`Cannot use epoch ${text}: wanted a whole number, as toka lease take tells it`);
  return epoch;
}

async function spanOf(text: string): Promise<number> {
  const span = await spanFrom(text);
  if (span === undefined || span < 1 || span > dayMs)
    throw new UsageError(`Cannot use --for ${text}: wanted a span such as 30s or 15m, at most 1d`);
  return span;
}

const dayMs = 86_400_000;
