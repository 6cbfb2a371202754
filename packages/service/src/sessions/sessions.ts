/**
 * The sessions of one process: those that are started in it, and those that it found open and goes on with.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { findOpenSessions, type OpenSession, resumeSession, startSession } from "@toka/agent";
import { type Caller, genesisIds, type MachinePort } from "@toka/kernel";
import type { Tool } from "@toka/runtime";

import { messageOf, ServiceFailure } from "../failure.ts";
import { outputsFolder } from "../places.ts";
import { administered } from "../reading.ts";
import type { UpSummary } from "../up-summary.ts";
import { rememberedTools } from "../tools/remembered-tools.ts";
import { crewOf } from "./crew-source.ts";
import type { StartedSession, StartSessionRequest } from "./start-request.ts";
import { type RunOptions, runSession, type SessionParts, spawnFirst } from "./run-session.ts";

/** Summaries that are kept for who asks after the end. */
const summariesMax = 64;

/** The sessions of one process. */
export interface Sessions {
  /**
   * Starts a session, spawns its first agents, and runs it when this process performs effects.
   *
   * @returns its id and those of its agents
   * @throws a failure `permission_denied`, or of the crew, its tools and the kernel
   */
  readonly start: (request: StartSessionRequest, caller: Caller) => Promise<StartedSession>;
  /** Runs an open session. @returns its summary, or undefined when it was stopped */
  readonly run: (open: OpenSession, options: RunOptions) => Promise<UpSummary | undefined>;
  /** Goes on with every open session but those named. */
  readonly adopt: (options: { readonly except: readonly string[] }) => Promise<void>;
  /** Resolves with the summary of a session that is run here, once it is over. */
  readonly summary: (session: string) => Promise<UpSummary>;
  /** Stops them; they stay open. */
  readonly close: () => Promise<void>;
}

/** What the sessions of a process are made from. */
export interface SessionsOptions {
  readonly parts: SessionParts;
  /** Makes the process able to run tools that it does not have yet. */
  readonly addTools: (tools: readonly Tool[]) => Promise<void>;
  readonly onNote: (line: string) => void;
}

/**
 * Makes the sessions of a process, none at first.
 *
 * @param options - what they work with
 * @returns them
 */
export function createSessions({ parts, addTools, onNote }: SessionsOptions): Sessions {
  const { vault, operator, runtime } = parts;
  const { machine } = vault;
  const stop = new AbortController();
  const runs = new Map<string, Promise<UpSummary | undefined>>();
  /** Whoever asks for the summary tells of the end. */
  const awaited = new Set<string>();
  const run = async (open: OpenSession, { signal, onProgress }: RunOptions): Promise<UpSummary | undefined> => {
    const both = AbortSignal.any([signal, stop.signal]);
    const running = runSession(open, { parts, signal: both, onProgress });
    runs.set(open.id, running);
    for (const [old] of runs) if (runs.size > summariesMax && old !== open.id) runs.delete(old);
    return running;
  };
  const inBackground = (open: OpenSession): void => {
    run(open, { signal: stop.signal, onProgress: () => {} }).then(
      (summary) => {
        if (summary !== undefined)
          onNote(`${open.id} of the crew ${open.crew.name} is over${summary.ok ? "" : ", not well"}`);
      },
      (error: unknown) => onNote(`cannot go on with ${open.id} of the crew ${open.crew.name}: ${messageOf(error)}`),
    );
  };
  return {
    run,
    start: async (request, caller) => {
      const open = await begin(request, { caller, addTools, parts });
      await spawnFirst(open, { parts, signal: stop.signal });
      if (runtime !== undefined) inBackground(open);
      return startedIn(open, machine);
    },
    adopt: async ({ except }) => {
      for (const found of await findOpenSessions(machine)) {
        if (runs.has(found.id) || except.includes(found.id)) continue;
        try {
          mkdirSync(found.folders.output, { recursive: true, mode: 0o700 });
          inBackground(await resumeSession(found, { machine, operator, tools: parts.tools }));
          onNote(`going on with ${found.id} of the crew ${found.name}`);
        } catch (error) {
          onNote(`cannot go on with ${found.id} of the crew ${found.name}: ${messageOf(error)}`);
        }
      }
    },
    summary: async (session) => {
      const running = runs.get(session);
      if (running !== undefined) awaited.add(session);
      const summary = await running;
      if (summary !== undefined) return summary;
      throw new ServiceFailure("session_not_run", {
        message: `Cannot sum up ${session}: the process that holds the vault does not run it`,
      });
    },
    close: async () => {
      stop.abort();
      await Promise.allSettled(runs.values());
    },
  };
}

async function begin(
  request: StartSessionRequest,
  { caller, addTools, parts }: Pick<SessionsOptions, "parts" | "addTools"> & { readonly caller: Caller },
): Promise<OpenSession> {
  const { vault, nowMs } = parts;
  const { machine } = vault;
  await administered("start a session", { machine, caller, clock: nowMs });
  const files = new Map(Object.entries(request.files).map(([path, text]) => [path, Buffer.from(text, "base64")]));
  const { crew, tools } = crewOf({ files, folder: request.folder }, await rememberedTools(vault.dir));
  await addTools(tools);
  const output = join(outputsFolder(vault.dir), crew.name);
  mkdirSync(output, { recursive: true, mode: 0o700 });
  const { workspace } = request;
  return startSession({
    machine,
    operator: caller,
    budget: genesisIds.rootBudget,
    crew,
    crewFolder: request.folder,
    folders: { workspace, output },
  });
}

async function startedIn({ id }: OpenSession, machine: Pick<MachinePort, "view">): Promise<StartedSession> {
  const [, position] = id.split("-");
  const agents = await machine.view((state) =>
    state.lookup.agentsOf(id).map((agent) => ({ id: agent.id, name: agent.name })),
  );
  return { session: id, position: Number(position), agents };
}
