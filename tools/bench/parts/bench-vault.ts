/** A vault for benchmarks: with room for the mix, on the disk that the temporary folder is on. */
import { join } from "node:path";
import { createVault, type Vault } from "@toka/store";

const plenty = 1_000_000_000_000_000;

/**
 * Creates a vault below a folder.
 *
 * @param dir an existing folder; the vault and its known-vaults file are put in it
 * @returns the open vault
 */
export async function benchVault(dir: string): Promise<Vault> {
  return createVault(
    {
      name: "bench",
      host: "host",
      root: "root",
      allotment: { cpuMs: plenty, wallMs: plenty, toolCalls: plenty, memoryBytes: plenty, storedBytes: plenty },
      held: false,
    },
    { dir: join(dir, "vault"), knownVaults: join(dir, "known-vaults") },
  );
}
