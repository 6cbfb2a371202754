/**
 * Answers questions about a vault in the process that has it open.
 */
import type { Caller, MachinePort } from "@toka/kernel";
import type { Runtime } from "@toka/runtime";

import type { ServingProcess, VaultApi } from "./api.ts";
import { execProgram } from "./exec.ts";
import { forkHere } from "./fork/fork.ts";
import { erase, type EraseParts } from "./erasing/erase.ts";
import { ServiceFailure } from "./failure.ts";
import type { GrowingTools } from "./growing-tools.ts";
import { queryLog } from "./log-query.ts";
import { createLogReaders, type LogReaders } from "./log-readers.ts";
import { createPast, type Past } from "./past/read-past.ts";
import { readSupposition } from "./past/supposition.ts";
import { exportLog, prove, type ProofSource, signedHead } from "./proof/proofs.ts";
import { administered, mayNow, permitReading, type ReadableThing } from "./reading.ts";
import type { Redactor } from "./secrets/redactor.ts";
import { ringApi } from "./secrets/ring-api.ts";
import type { SecretStore } from "./secrets/secret-store.ts";
import type { Sessions } from "./sessions/sessions.ts";
import { abandonEffect, operate } from "./state/operate.ts";
import { readContent } from "./state/read-content.ts";
import { readFamily } from "./families/read-family.ts";
import { readAgents, readState } from "./state/read-state.ts";
import { readStatus } from "./status.ts";
import type { TokenDesk } from "./tokens/token-desk.ts";
import { listChanges } from "./undo/changes.ts";
import { undo } from "./undo/undo.ts";
import { registerToolFolder, runTool } from "./tools/run-tool.ts";
import { explainEntry } from "./why.ts";

/** What answers are made from. */
export interface LocalVaultParts {
  readonly dir: string;
  /** Path of the known-vaults file. */
  readonly knownVaults: string;
  readonly machine: MachinePort;
  readonly proofs: ProofSource;
  readonly sessions: Sessions;
  readonly tools: GrowingTools;
  /** The vault's host, which alone may record some things. */
  readonly host: Caller;
  readonly clock: () => number;
  /** The position after which all entries have an effective time at or above a moment. */
  readonly seek: (timeMs: number) => Promise<number>;
  /** What of erasing only the store can do. */
  readonly erasing: Pick<EraseParts, "held" | "erasedAt" | "scrub">;
  readonly tokens: TokenDesk;
  /** Opens the secrets at first need. */
  readonly secrets: () => Promise<SecretStore>;
  readonly redactor: Redactor;
  /** Absent in a process that only reads. */
  readonly runtime: Runtime | undefined;
  /** Aborted when the process lets go of the vault: ends every follow and every program. */
  readonly closing: AbortSignal;
}

/** A vault that this process holds. */
export interface LocalVault {
  /** @returns the api of one caller: everything in it is asked as that caller, under that caller's grant */
  readonly apiFor: (caller: Caller) => VaultApi;
  /** Calls from here on are answered as those of a process that serves the vault, at these addresses on loopback. */
  readonly markServed: (addresses: readonly string[]) => void;
  /** @returns programs under way */
  readonly running: () => number;
  /** Resolves when no program is under way. */
  readonly idle: () => Promise<void>;
}

/**
 * Makes the answering side of a vault.
 *
 * @param parts - machine and runtime
 * @returns the api of each caller, and what its owner needs to end in order
 */
export function createLocalVault(parts: LocalVaultParts): LocalVault {
  const { dir, machine, sessions, tools, host, runtime, clock, tokens, secrets, redactor, closing } = parts;
  const programs = new Set<Promise<unknown>>();
  let served: ServingProcess | null = null;
  const counted = counter(programs);
  const logReaders = createLogReaders(dir, machine);
  const past = createPast(dir, { machine, closing });
  const apiFor = (caller: Caller): VaultApi => {
    const readers = readersFor(caller, { ...parts, past, readers: logReaders, served: () => served });
    const api: VaultApi = {
      ...readers,
      operate: async (request) => operate(request, { machine, caller }),
      abandon: async (effect, reason) => abandonEffect({ effect, reason }, { machine, caller, host, clock }),
      runTool: async (request, { signal }) => {
        if (runtime === undefined)
          throw new ServiceFailure("vault_read_only", {
            message: "Cannot call the tool: this process only reads the vault",
          });
        const both = AbortSignal.any([signal, closing]);
        const job = { signal: both, tools: tools.catalogue, parts: { machine, runtime, caller, clock } };
        return counted(runTool(request, job));
      },
      registerTools: async (folder) => {
        await administered("register tools", { machine, caller, clock });
        return registerToolFolder(folder, { vault: dir, addTools: tools.add });
      },
      startSession: async (request) => sessions.start(request, caller),
      sessionSummary: async (session) => {
        await permitReading(machine, { caller, what: "status", clock });
        return sessions.summary(session);
      },
      exec: async (request, options) => {
        if (runtime === undefined)
          throw new ServiceFailure("vault_read_only", {
            message: "Cannot run the program: this process only reads the vault",
          });
        const signal = AbortSignal.any([options.signal, closing]);
        return counted(execProgram(request, { ...options, signal, parts: { machine, runtime, caller, clock } }));
      },
      fork: async (request) => {
        const { knownVaults } = parts;
        return counted(forkHere(request, { caller, machine, past, dir, knownVaults, signal: closing }));
      },
      undo: async (request) => {
        await permitReading(machine, { caller, what: "changes", clock });
        const mayRead = async (path: string): Promise<boolean> =>
          mayNow(machine, { caller, permission: `fs.read:${path}`, clock });
        return counted(undo(request, { machine, runtime, caller, mayRead }));
      },
      erase: async (request) => counted(erase(request, { machine, caller, clock, seek: parts.seek, ...parts.erasing })),
      mintToken: async (request) => tokens.mint(request, caller),
      rotateTokenKey: async () => ({ kid: await tokens.rotate(caller) }),
      ...secretCalls(secrets, caller),
    };
    return ringApi(api, redactor);
  };
  return {
    apiFor,
    markServed: (addresses) => {
      served = { pid: process.pid, addresses };
    },
    running: () => programs.size,
    idle: async () => {
      while (programs.size > 0) await Promise.allSettled([...programs]);
    },
  };
}

type Reader =
  | "checkpoint"
  | "export"
  | "findAgents"
  | "prove"
  | "status"
  | "why"
  | "log"
  | "acknowledgeLog"
  | "state"
  | "stateAt"
  | "family"
  | "stateDiff"
  | "replay"
  | "content"
  | "changes";

/** What only reads, each asked for its permission first. */
function readersFor(
  caller: Caller,
  parts: LocalVaultParts & {
    readonly served: () => ServingProcess | null;
    readonly past: Past;
    readonly readers: LogReaders;
  },
): Pick<VaultApi, Reader> {
  const { dir, machine, proofs, clock, closing, served, past, seek } = parts;
  const permit = async (what: ReadableThing): Promise<void> => permitReading(machine, { caller, what, clock });
  return {
    status: async () => {
      await permit("status");
      return readStatus(machine, { dir, served: served(), hostTimeMs: clock() });
    },
    why: async (position) => {
      await permit("why");
      return explainEntry(machine, position);
    },
    ...logCalls(parts, { caller, permit }),
    state: async (area) => {
      await permit("state");
      return readState(machine, area);
    },
    family: async (prefix) => {
      await permit("state");
      return readFamily(machine, prefix);
    },
    ...pastCalls(past, permit),
    findAgents: async (query) => {
      await permit("state");
      return readAgents(machine, query);
    },
    content: async (position, commitment) => {
      await permit("content");
      const bytes = await readContent(machine, { position, commitment });
      return { bytes: bytes === null ? null : Buffer.from(bytes).toString("base64") };
    },
    checkpoint: async () => {
      await permit("proof");
      return signedHead(proofs);
    },
    export: async function* (request, { signal }) {
      // It shows what the log shows and, unless it is redacted, every content.
      for (const what of request.redact ? (["proof", "log"] as const) : (["proof", "log", "content"] as const))
        await permit(what);
      const { redactor } = parts;
      const from = { source: proofs, machine, seek, redactor };
      yield* exportLog(request, { ...from, signal: AbortSignal.any([signal, closing]) });
    },
    prove: async (request) => {
      await permit("proof");
      return prove(proofs, request);
    },
    changes: async function* (query, { signal }) {
      await permit("changes");
      yield* listChanges(machine, { query, signal: AbortSignal.any([signal, closing]) });
    },
  };
}

/** What looks at the past as a whole. */
function pastCalls(
  past: Past,
  permit: (what: ReadableThing) => Promise<void>,
): Pick<VaultApi, "stateAt" | "stateDiff" | "replay"> {
  return {
    stateAt: async (position) => {
      await permit("state");
      return past.state(position);
    },
    stateDiff: async (from, to) => {
      await permit("state");
      return past.diff(from, to);
    },
    replay: async (request) => {
      // It tells what is in the log, entry by entry.
      await permit("state");
      await permit("log");
      return past.replay({ ...request, supposition: readSupposition(request.supposition) });
    },
  };
}

/** What reads the log entry by entry. */
function logCalls(
  { machine, closing, seek, readers }: LocalVaultParts & { readonly readers: LogReaders },
  { caller, permit }: { readonly caller: Caller; readonly permit: (what: ReadableThing) => Promise<void> },
): Pick<VaultApi, "log" | "acknowledgeLog"> {
  return {
    log: async function* (query, options) {
      await permit("log");
      const searched = (query.text ?? null) !== null;
      // Whether a word is in a content tells of the content.
      if (searched) await permit("content");
      const signal = AbortSignal.any([options.signal, closing]);
      const { reader = null } = query;
      const after = reader === null ? query.after : Math.max(query.after, await readers.positionOf(reader, caller));
      for await (const recorded of queryLog({ ...query, after }, { machine, seek, signal })) {
        // Whoever stays is asked again: a grant may end between two entries.
        if (query.follow) await permit("log");
        if (query.follow && searched) await permit("content");
        yield recorded;
      }
    },
    acknowledgeLog: async (reader, position) => {
      await permit("log");
      await readers.acknowledge({ reader, position }, caller);
    },
  };
}

/** Keeps a piece of work among those under way until it is over. */
function counter(underWay: Set<Promise<unknown>>): <T>(work: Promise<T>) => Promise<T> {
  return async (work) => {
    underWay.add(work);
    try {
      return await work;
    } finally {
      underWay.delete(work);
    }
  };
}

type SecretCalls = Pick<VaultApi, "setSecret" | "secrets" | "removeSecret" | "rekeySecrets">;

function secretCalls(store: () => Promise<SecretStore>, caller: Caller): SecretCalls {
  return {
    setSecret: async ({ name, value }) => (await store()).set({ name, value: Buffer.from(value, "base64") }, caller),
    secrets: async () => (await store()).list(caller),
    removeSecret: async (name) => (await store()).remove(name, caller),
    rekeySecrets: async (to) => ({ source: await (await store()).rekey(to, caller) }),
  };
}
