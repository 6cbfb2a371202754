/**
 * Asks whoever holds the vault: the process that serves it when there is one, this process when there is none.
 */
import { setTimeout as pause } from "node:timers/promises";

import type { VaultApi } from "./api.ts";
import type { AskOptions } from "./ask-here.ts";
import { vaultUnreachable } from "./client/transport.ts";
import { isServed, remoteVault } from "./client/vault-client.ts";
import type { Places } from "./places.ts";

/** Time for another process to begin to serve, or to let go: opening a large vault takes a few seconds. */
const holderWaitMsMax = 15_000;

/** Time between two looks at a vault that is held and not served. */
const holderPauseMs = 50;

/**
 * Puts questions to a vault.
 *
 * @param places - of the call; a vault is created when there is none and the purpose is `run`
 * @param options - the purpose
 * @param use - the questions; may be called again when the process that was asked let go of the vault before it took the call
 * @returns what `use` returns
 * @throws a failure `vault_absent`, or `vault_locked` when another process holds the vault and does not serve it, or what `use` throws
 */
export async function askVault<T>(
  places: Places,
  options: AskOptions & { readonly use: (api: VaultApi) => Promise<T> },
): Promise<T> {
  const deadlineMs = Date.now() + holderWaitMsMax;
  while (true) {
    try {
      if (await isServed(places.vault)) return await options.use(remoteVault(places.vault));
      // Loaded only now: whoever is answered over the socket needs nothing of it.
      const { askHere } = await import("./ask-here.ts");
      return await askHere(places, options);
    } catch (error) {
      if (!isPassing(error) || Date.now() >= deadlineMs) throw error;
      await pause(holderPauseMs);
    }
  }
}

function isPassing(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === vaultUnreachable || error.code === "vault_locked";
}
