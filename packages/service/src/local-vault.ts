/**
 * Answers questions about a vault in the process that has it open.
 */
import type { Caller, MachinePort } from "@toka/kernel";
import type { Runtime } from "@toka/runtime";

import type { VaultApi } from "./api.ts";
import { execProgram } from "./exec.ts";
import { ServiceFailure } from "./failure.ts";
import { queryLog } from "./log-query.ts";
import { readStatus } from "./status.ts";
import { explainEntry } from "./why.ts";

/** What answers are made from. */
export interface LocalVaultParts {
  readonly dir: string;
  readonly machine: MachinePort;
  readonly operator: Caller;
  readonly clock: () => number;
  /** Absent in a process that only reads. */
  readonly runtime: Runtime | undefined;
  /** Aborted when the process lets go of the vault: ends every follow and every program. */
  readonly closing: AbortSignal;
}

/** A vault that this process holds. */
export interface LocalVault {
  readonly api: VaultApi;
  /** Calls from here on are answered as those of a process that serves the vault. */
  readonly markServed: () => void;
  /** @returns programs under way */
  readonly running: () => number;
  /** Resolves when no program is under way. */
  readonly idle: () => Promise<void>;
}

/**
 * Makes the answering side of a vault.
 *
 * @param parts - machine, runtime and who asks
 * @returns the api, and what its owner needs to end in order
 */
export function createLocalVault(parts: LocalVaultParts): LocalVault {
  const { dir, machine, runtime, operator, clock, closing } = parts;
  const programs = new Set<Promise<unknown>>();
  let served = false;
  const api: VaultApi = {
    status: async () => readStatus(machine, { dir, served: served ? { pid: process.pid } : null }),
    why: async (position) => explainEntry(machine, position),
    log: (query, { signal }) => queryLog(machine, { query, signal: AbortSignal.any([signal, closing]) }),
    exec: async (request, options) => {
      if (runtime === undefined)
        throw new ServiceFailure("vault_read_only", {
          message: "Cannot run the program: this process only reads the vault",
        });
      const signal = AbortSignal.any([options.signal, closing]);
      const run = execProgram(request, { ...options, signal, parts: { machine, runtime, operator, clock } });
      programs.add(run);
      try {
        return await run;
      } finally {
        programs.delete(run);
      }
    },
  };
  return {
    api,
    markServed: () => {
      served = true;
    },
    running: () => programs.size,
    idle: async () => {
      while (programs.size > 0) await Promise.allSettled([...programs]);
    },
  };
}
