/**
 * Asks whoever holds the vault: the process that serves it when there is one, this process when there is none.
 */
import { setTimeout as pause } from "node:timers/promises";

import type { MachinePort } from "@toka/kernel";
import type { Tool } from "@toka/runtime";
import { vaultExists } from "@toka/store";

import type { VaultApi } from "./api.ts";
import { compose } from "./compose.ts";
import { ServiceFailure } from "./failure.ts";
import { vaultUnreachable } from "./client/transport.ts";
import { isServed, remoteVault } from "./client/vault-client.ts";
import type { Places } from "./places.ts";
import { rememberedTools } from "./tools/remembered-tools.ts";
import { toolsOf } from "./session-tools.ts";

/** Time for another process to begin to serve, or to let go: opening a large vault takes a few seconds. */
const holderWaitMsMax = 15_000;

/** Time between two looks at a vault that is held and not served. */
const holderPauseMs = 50;

/** What somebody who asks means to do. */
export interface AskOptions {
  /** `read` answers from the state and the log; `write` has operations decided; `run` performs effects, and serves others meanwhile. */
  readonly purpose: "read" | "write" | "run";
  /** Whether to make a vault where there is none; by default only to run something. */
  readonly create?: boolean;
  /** Host time, ms since 1970. */
  readonly clock: () => number;
  /** Told what a person should know, one line each. */
  readonly onNote: (line: string) => void;
}

/**
 * Puts questions to a vault.
 *
 * @param places - of the call; a vault is created when there is none and that is wanted
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

async function askHere<T>(
  places: Places,
  options: AskOptions & { readonly use: (api: VaultApi) => Promise<T> },
): Promise<T> {
  const { purpose, create = purpose === "run", clock, onNote } = options;
  if (!create && !vaultExists(places.vault)) {
    throw new ServiceFailure("vault_absent", {
      message: `Cannot open the vault ${places.vault}: there is none; toka up makes one`,
    });
  }
  const tools = async (machine: MachinePort): Promise<readonly Tool[]> =>
    toolsOf(machine, { more: await rememberedTools(places.vault) });
  const composition = await compose({ places, purpose, create, clock, tools, onNote });
  try {
    const answer = await options.use(composition.api);
    await composition.idle();
    return answer;
  } finally {
    await composition.close();
  }
}
