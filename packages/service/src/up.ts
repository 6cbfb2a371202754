/**
 * `toka up`: opens the vault, runs a crew's session to its end, and stays to serve.
 */
import { mkdirSync } from "node:fs";

import {
  type AgentProgress,
  deliverableBytesMax,
  findOpenSessions,
  followProgress,
  type OpenSession,
  type ReadDeliverable,
  readSessionCrew,
  resumeSession,
  type SessionFound,
  startSession,
  summariseSession,
  superviseSession,
  clockOver,
} from "@toka/agent";
import { genesisIds, type MachinePort } from "@toka/kernel";
import { readFailure, type Tool } from "@toka/runtime";
import { vaultExists, verifyVault } from "@toka/store";

import { compose, type Composition } from "./compose.ts";
import { crewFolder, crewFrom, defaultCrew, loadCrew, type LoadedCrew } from "./crews.ts";
import { readDeliverable } from "./deliverable-reader.ts";
import { ServiceFailure } from "./failure.ts";
import { isServed, remoteVault } from "./client/vault-client.ts";
import { outputFolder, type Places } from "./places.ts";
import type { UpSummary } from "./up-summary.ts";

/** What `toka up` is called with. */
export interface UpOptions {
  readonly places: Places;
  /** Name of a crew that comes with Toka, or an absolute folder; absent: the open session's, else the default. */
  readonly crew?: string;
  /** Port of the listener on loopback, 0 for one that the system chooses; null or absent: the socket alone. */
  readonly port?: number | null;
  readonly onNote: (line: string) => void;
  readonly onProgress: (agents: readonly AgentProgress[]) => void;
  /** Aborted to stop in order; the session then stays open. */
  readonly signal: AbortSignal;
}

/** A vault that is up. */
export interface UpRun {
  readonly dir: string;
  /** Resolves when the session is over, or with undefined when it was stopped before; rejects when it cannot go on. */
  readonly summary: Promise<UpSummary | undefined>;
  /** Rejects when the gate cannot go on; never resolves. */
  readonly failed: Promise<never>;
  /** Stops the session, signs a checkpoint and lets go of the vault. */
  readonly close: () => Promise<void>;
}

/**
 * Starts Toka in a workspace.
 *
 * @param options - folders, crew, and who listens
 * @returns the running vault; whoever started it must close it
 * @throws a failure `vault_in_use` when another process has the vault, or of the crew, the store and the sandbox
 */
export async function startUp(options: UpOptions): Promise<UpRun> {
  const { places, onNote } = options;
  await refuseSecond(places);
  // A crew that cannot be used leaves no vault behind.
  if (!vaultExists(places.vault)) await loadCrew(await crewFolder(options.crew ?? defaultCrew));
  let chosen: Chosen | undefined;
  const tools = async (machine: MachinePort): Promise<readonly Tool[]> => {
    chosen = await chooseSession(machine, options);
    return chosen.crew.tools;
  };
  const { port = null } = options;
  const composing = { places, purpose: "run", create: true, port, clock: Date.now, tools, onNote } as const;
  const composition = await compose(composing).catch((error: unknown) => {
    throw isLocked(error) ? inUse(places, undefined) : error;
  });
  onNote(["serving on", `${composition.vault.dir}/socket`, ...composition.addresses].join(" "));
  if (chosen === undefined)
    throw new ServiceFailure("fault", { message: "Cannot start the session: no crew was chosen" });
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  const session = runSession(chosen, { composition, options: { ...options, signal } });
  return {
    dir: composition.vault.dir,
    summary: Promise.race([session, composition.failed]),
    failed: composition.failed,
    close: async () => {
      stop.abort();
      await session.catch(() => {});
      await composition.close();
    },
  };
}

async function refuseSecond(places: Places): Promise<void> {
  if (!(await isServed(places.vault))) return;
  const status = await remoteVault(places.vault)
    .status()
    .catch(() => undefined);
  throw inUse(places, status?.served?.pid);
}

function inUse(places: Places, pid: number | undefined): ServiceFailure {
  const who = pid === undefined ? "another process" : `process ${pid}`;
  return new ServiceFailure("vault_in_use", {
    message: `Cannot start: ${who} has the vault ${places.vault} open; toka status and toka log --follow show what it does`,
  });
}

function isLocked(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "vault_locked";
}

interface Chosen {
  readonly crew: LoadedCrew;
  /** The session to go on with; undefined for a new one. */
  readonly found: SessionFound | undefined;
}

async function chooseSession(machine: MachinePort, options: UpOptions): Promise<Chosen> {
  const [found] = await findOpenSessions(machine);
  if (found === undefined) return { crew: await loadCrew(await crewFolder(options.crew ?? defaultCrew)), found };
  const recorded = await readSessionCrew(machine, found);
  if (recorded === undefined) {
    throw new ServiceFailure("crew_absent", {
      message: `Cannot go on with ${found.id}: the log no longer has its crew`,
    });
  }
  if (options.crew !== undefined) {
    const asked = await crewFolder(options.crew);
    if (asked !== recorded.folder) {
      throw new ServiceFailure("session_open", {
        message: `Cannot start the crew ${asked}: ${found.id} of the crew ${found.name} is open; toka up --crew ${recorded.folder} goes on with it`,
      });
    }
  }
  return { crew: crewFrom(recorded.files, recorded), found };
}

interface SessionParts {
  readonly composition: Composition;
  readonly options: UpOptions;
}

async function runSession(chosen: Chosen, { composition, options }: SessionParts): Promise<UpSummary | undefined> {
  const { vault, operator, tools, runtime } = composition;
  const { machine } = vault;
  const { held } = await machine.view((state) => ({ held: state.vault?.held ?? false }));
  if (held) await machine.submit({ type: "vault.resume" }, { caller: operator });
  const open = await openSession(chosen, { composition, options });
  const read: ReadDeliverable = async (path) => {
    // What a tool wrote is in the tree a moment after it is settled.
    await runtime?.whenApplied();
    return readDeliverable(path, { bytesMax: deliverableBytesMax, vault: composition.vault.dir });
  };
  const stopProgress = new AbortController();
  const progress = showProgress(open, { machine, signal: stopProgress.signal, onProgress: options.onProgress });
  try {
    const ending = await superviseSession(open, {
      machine,
      clock: clockOver(composition.nowMs),
      tools,
      operator,
      judge: operator,
      judgeBudget: genesisIds.rootBudget,
      readDeliverable: read,
      signal: options.signal,
    });
    if (ending === "stopped") return undefined;
  } finally {
    stopProgress.abort();
    await progress;
  }
  return summarise(open, { composition, options, read });
}

async function showProgress(
  { id, crew }: OpenSession,
  options: {
    readonly machine: MachinePort;
    readonly signal: AbortSignal;
    readonly onProgress: UpOptions["onProgress"];
  },
): Promise<void> {
  for await (const { agents } of followProgress(options.machine, { session: id, crew, signal: options.signal }))
    options.onProgress(agents);
}

async function openSession({ crew, found }: Chosen, { composition, options }: SessionParts): Promise<OpenSession> {
  const { vault, operator, tools } = composition;
  const { machine } = vault;
  if (found !== undefined) {
    options.onNote(`going on with ${found.id} of the crew ${found.name}`);
    mkdirSync(found.folders.output, { recursive: true, mode: 0o700 });
    return resumeSession(found, { machine, operator, tools });
  }
  const output = outputFolder(options.places, crew.crew.name);
  mkdirSync(output, { recursive: true, mode: 0o700 });
  const folders = { workspace: options.places.workspace, output };
  const open = await startSession({
    machine,
    operator,
    budget: genesisIds.rootBudget,
    crew: crew.crew,
    crewFolder: crew.folder,
    folders,
  });
  options.onNote(`${open.id} of the crew ${crew.crew.name} over ${folders.workspace}`);
  return open;
}

async function summarise(
  { id, crew, folders }: OpenSession,
  { composition, options, read }: SessionParts & { readonly read: ReadDeliverable },
): Promise<UpSummary> {
  const { vault } = composition;
  // The known checkpoint advances at every session end.
  await vault.checkpoint();
  const summary = await summariseSession({
    machine: vault.machine,
    session: id,
    crew,
    folders,
    readDeliverable: read,
    readFailure,
  });
  const { ok, entries, firstBad } = await verifyVault({ dir: vault.dir, knownVaults: options.places.knownVaults });
  const met = summary.agents.every((agent) => agent.objectives.every((objective) => objective.met));
  return {
    ok: ok && met && summary.outcome === "completed",
    entries,
    verify: { ok, ...(firstBad === undefined ? {} : { firstBad }) },
    session: id,
    owed: summary.owed,
    deliverables: summary.deliverables,
    agents: summary.agents,
  };
}
