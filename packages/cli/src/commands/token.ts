/**
 * `toka token`: mints tokens for the loopback listener, and changes the key that signs them.
 */
import { type MintRequest, spanFrom } from "@toka/service";

import { type CommandContext, exitDone, writeLine } from "../context.ts";
import { showAsJson } from "../output/plain.ts";
import { UsageError } from "../usage-error.ts";
import { type NounOptions, writing } from "./vault-rows.ts";

/** What minting takes. */
export interface MintOptions extends NounOptions {
  readonly subject?: string;
  readonly grant?: string;
  readonly permissions: readonly string[];
  readonly for: string;
}

/**
 * Prints a token, alone on standard output; what it is for stands on standard error.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when there is no such grant, a permission cannot be read, and the like
 */
export async function mintToken(options: MintOptions, context: CommandContext): Promise<number> {
  const request = await requestOf(options);
  const { minted, served } = await writing({ options, context }, async (api) => {
    const made = await api.mintToken(request);
    return { minted: made, served: (await api.status()).served };
  });
  if (options.json) {
    await writeLine(context.stdout, showAsJson({ ok: true, ...minted, addresses: served?.addresses ?? [] }));
    return exitDone;
  }
  const { subject, grant, expiresAtMs } = minted;
  const where = served?.addresses[0] ?? "nowhere yet: toka up listens";
  await writeLine(
    context.stderr,
    `toka: for ${subject} under ${grant}, until ${new Date(expiresAtMs).toISOString()}, at ${where}`,
  );
  await writeLine(context.stdout, minted.token);
  return exitDone;
}

async function requestOf(options: MintOptions): Promise<MintRequest> {
  const { subject, grant, permissions } = options;
  const spanMs = await spanFrom(options.for);
  if (spanMs === undefined) throw new UsageError(`Cannot use --for ${options.for}: wanted a span such as 15m or 2h`);
  const lifetimeS = Math.floor(spanMs / 1000);
  if (grant !== undefined) {
    if (subject === undefined && permissions.length === 0) return { lifetimeS, grant };
    throw new UsageError("Cannot mint a token: found --grant beside a subject or permissions, wanted one of the two");
  }
  if (subject === undefined || permissions.length === 0) {
    throw new UsageError(
      "Cannot mint a token: wanted --subject and at least one permission such as vault.read:status, or --grant",
    );
  }
  return { lifetimeS, subject, permissions };
}

/**
 * Begins to sign tokens with a new key.
 *
 * @param options - as given on the command line
 * @param context - streams and environment
 * @returns 0
 * @throws a failure when the vault cannot be asked
 */
export async function rotateTokenKey(options: NounOptions, context: CommandContext): Promise<number> {
  const { kid } = await writing({ options, context }, async (api) => api.rotateTokenKey());
  await writeLine(
    context.stdout,
    options.json ? showAsJson({ ok: true, kid }) : `tokens are signed with the key ${kid} from now on`,
  );
  return exitDone;
}
