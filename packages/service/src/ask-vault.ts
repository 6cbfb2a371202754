/**
 * Asks whoever holds the vault: the process that serves it when there is one, this process when there is none.
 */
import type { VaultApi } from "./api.ts";
import type { AskOptions } from "./ask-here.ts";
import { isServed, remoteVault } from "./client/vault-client.ts";
import { whenFree } from "./patience.ts";
import type { Places } from "./places.ts";

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
  return whenFree({ dir: places.vault, onNote: options.onNote }, async () => {
    if (await isServed(places.vault)) return options.use(remoteVault(places.vault));
    // Loaded only now: whoever is answered over the socket needs nothing of it.
    const { askHere } = await import("./ask-here.ts");
    return askHere(places, options);
  });
}
