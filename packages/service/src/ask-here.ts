/** Asks a vault in this process: opens it, is answered, and lets go of it again. */
import type { MachinePort } from "@toka/kernel";
import type { Tool } from "@toka/runtime";
import { vaultExists } from "@toka/store";

import type { VaultApi } from "./api.ts";
import { compose } from "./compose.ts";
import { ServiceFailure } from "./failure.ts";
import type { Places } from "./places.ts";
import { toolsOf } from "./session-tools.ts";
import { rememberedTools } from "./tools/remembered-tools.ts";

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
 * Puts questions to a vault that no other process holds.
 *
 * @param places - of the call
 * @param options - the purpose, and the questions
 * @returns what `use` returns
 * @throws a failure `vault_absent`, `vault_locked`, or what `use` throws
 */
export async function askHere<T>(
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
